"use strict";
(() => {
  const arm = () => {
    for (const button of document.querySelectorAll("button.copy[hidden]")) button.hidden = false;
  };
  const select = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };
  // A button copies the text of an element, or the address where it names none.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const label = button.firstChild;
    const before = label.textContent;
    let done = "Copied";
    try {
      await navigator.clipboard.writeText(source ? source.textContent : location.href);
    } catch {
      if (source) select(source);
      done = source && document.execCommand("copy") ? "Copied" : "Not copied";
    }
    label.textContent = done;
    setTimeout(() => { label.textContent = before; }, 1600);
  });
  document.addEventListener("swapped", arm);
  arm();
})();
