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
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const label = button.firstChild;
    let done = "Copied";
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      select(source);
      done = document.execCommand("copy") ? "Copied" : "Selected";
    }
    label.textContent = done;
    setTimeout(() => { label.textContent = "Copy"; }, 1600);
  });
  document.addEventListener("swapped", arm);
  arm();
})();
