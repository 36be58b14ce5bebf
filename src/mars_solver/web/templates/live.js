"use strict";
(() => {
  const form = document.getElementById("ask");
  const said = document.getElementById("said");
  document.documentElement.classList.add("live");
  let pending = null;
  let timer = 0;
  let last = null;

  // The query of the form in its shortest form: no blanks, no slider that nobody has moved.
  const query = () => {
    const parts = [];
    for (const [name, value] of new FormData(form)) {
      const text = String(value).trim();
      if (!text || name === "defaults") continue;
      const control = form.elements.namedItem(name);
      if (control.type === "range" && !("stated" in control.dataset)) continue;
      parts.push(`${name}=${encodeURIComponent(text).replaceAll("%3B", ";")}`);
    }
    return parts.length ? `?${parts.join("&")}` : "";
  };

  const output = (slider) => {
    const stated = "stated" in slider.dataset;
    document.getElementById(`${slider.name}-output`).textContent =
      slider.value + (stated ? "" : " (not stated)");
  };

  // Take over the state of another page's form: all of it where a link or the history leads there.
  // After a change here, only where sliders rest: meanwhile somebody may have changed more.
  const adopt = (other, all) => {
    for (const theirs of other.querySelectorAll("input, select")) {
      const ours = document.getElementById(theirs.id) ||
        form.querySelector(`[type=radio][value="${theirs.value}"]`);
      if (!ours) continue;
      const resting = theirs.type === "range" && !("stated" in ours.dataset || "stated" in theirs.dataset);
      if (!all && !resting) continue;
      if (ours.type === "checkbox" || ours.type === "radio") ours.checked = theirs.checked;
      else ours.value = theirs.value;
      if (ours.type === "range") {
        if ("stated" in theirs.dataset) ours.dataset.stated = "";
        else delete ours.dataset.stated;
        output(ours);
      }
    }
  };

  // Show the problems of each field beside it, as the other page does.
  const complain = (other) => {
    for (const old of form.querySelectorAll(".problem")) old.remove();
    for (const ours of form.querySelectorAll("[id^=f-]")) {
      const theirs = other.querySelector(`#${ours.id}`);
      if (!theirs) continue;
      for (const name of ["aria-invalid", "aria-describedby"]) {
        if (theirs.hasAttribute(name)) ours.setAttribute(name, theirs.getAttribute(name));
        else ours.removeAttribute(name);
      }
      for (const text of theirs.closest(".field")?.querySelectorAll(".problem") || []) {
        ours.closest(".field").append(document.importNode(text, true));
      }
    }
  };

  const swap = (page) => {
    const old = document.getElementById("swap");
    const fresh = document.importNode(page.getElementById("swap"), true);
    const open = [...old.querySelectorAll("details[open][id]")].map((each) => each.id);
    const inside = old.contains(document.activeElement) ? document.activeElement.id : "";
    const scrolled = [...old.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
    old.replaceWith(fresh);
    for (const id of open) {
      const again = document.getElementById(id);
      if (again) again.open = true;
    }
    [...fresh.querySelectorAll(".scroll")].forEach((each, i) => { each.scrollLeft = scrolled[i] || 0; });
    if (inside) (document.getElementById(inside) || document.getElementById("answer")).focus({ preventScroll: true });
    document.title = fresh.dataset.title;
    said.textContent = fresh.dataset.said;
    document.getElementById("peek").textContent = fresh.dataset.said;
    document.dispatchEvent(new Event("swapped"));
  };

  const show = async (url, { push = false, all = false } = {}) => {
    pending?.abort();
    const mine = pending = new AbortController();
    document.body.classList.add("busy");
    try {
      const response = await fetch(url, { signal: mine.signal, headers: { accept: "text/html" } });
      if (!(response.headers.get("content-type") || "").startsWith("text/html")) throw new Error("no page");
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (!page.getElementById("swap")) throw new Error("no answer");
      adopt(page.getElementById("ask"), all);
      complain(page.getElementById("ask"));
      swap(page);
      if (push) history.pushState(null, "", url);
      // The shortest address of the same answer, as the server spells it.
      const short = document.getElementById("swap").dataset.query;
      if (short !== undefined && !timer) history.replaceState(null, "", location.pathname + (short && `?${short}`));
    } catch (error) {
      if (error.name !== "AbortError") location.assign(url);
    } finally {
      if (pending === mine) document.body.classList.remove("busy");
    }
  };

  const changed = (wait, control) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      const url = location.pathname + query();
      if (url === location.pathname + location.search) return;
      // One entry of the history for a run of changes of one control.
      if (control === last) history.replaceState(null, "", url);
      else history.pushState(null, "", url);
      last = control;
      show(url);
    }, wait);
  };

  form.addEventListener("input", (event) => {
    const control = event.target;
    if (control.type === "range") {
      control.dataset.stated = "";
      output(control);
    }
    changed(control.type === "text" ? 350 : control.type === "range" ? 120 : 0, control);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    timer = clearTimeout(timer) || 0;
    const url = location.pathname + query();
    show(url, { push: url !== location.pathname + location.search }).then(() => {
      document.getElementById("answer").focus();
    });
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-apply]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    timer = clearTimeout(timer) || 0;
    last = null;
    const leads = link.classList.contains("way");
    show(link.href, { push: true, all: true }).then(() => {
      if (leads) document.getElementById("answer").focus();
      if (link.classList.contains("why")) document.getElementById("standpoint")?.scrollIntoView({ block: "center" });
    });
  });
  addEventListener("popstate", () => {
    last = null;
    show(location.href, { all: true });
  });
})();
