"use strict";
(() => {
  const by = (id) => document.getElementById(id);
  const form = by("ask");
  document.documentElement.classList.add("live");
  let pending = null;
  let timer = 0;
  let last = null;
  let faulty = null;
  let shown = location.pathname + location.search;

  const output = (slider) => {
    by(`${slider.name}-output`).textContent =
      slider.value + ("stated" in slider.dataset ? "" : " (not stated)");
  };

  // The sliders that nobody has moved, as the server reads them.
  const rest = () => {
    form.elements.namedItem("form.sliders").value = [...form.querySelectorAll("[type=range]")]
      .filter((each) => !("stated" in each.dataset))
      .map((each) => `${each.name}:${each.value}`)
      .join(";");
  };

  // Take over the state of another page's form: all of it where a link or the history leads there.
  // After a change here, only where sliders rest: meanwhile somebody may have changed more.
  const adopt = (other, all) => {
    for (const theirs of other.querySelectorAll("input, select")) {
      const ours = by(theirs.id);
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
    for (const theirs of other.querySelectorAll(".count")) by(theirs.id).textContent = theirs.textContent;
    rest();
  };

  // Show the problems of each field beside it, as the other page does; not where somebody types.
  const complain = (other) => {
    for (const ours of form.querySelectorAll("[id^=f-]")) {
      if (other === faulty && ours === document.activeElement && ours.type === "text") continue;
      const theirs = other.getElementById(ours.id);
      const field = ours.closest(".field, fieldset");
      if (!theirs || !field) continue;
      for (const old of field.querySelectorAll(":scope > .problem")) old.remove();
      for (const name of ["aria-invalid", "aria-describedby"]) {
        if (theirs.hasAttribute(name)) ours.setAttribute(name, theirs.getAttribute(name));
        else ours.removeAttribute(name);
      }
      const told = theirs.closest(".field, fieldset").querySelectorAll(":scope > .problem");
      for (const text of told) field.append(document.importNode(text, true));
    }
  };

  // Put a part of another page in place of ours; folds stay open, and the focus where it was.
  const replace = (page, id) => {
    const old = by(id);
    if (!old || !page.getElementById(id) || old.isEqualNode(page.getElementById(id))) return;
    const fresh = document.importNode(page.getElementById(id), true);
    const folds = [...old.querySelectorAll("details[id]")].map((each) => [each.id, each.open]);
    const inside = old.contains(document.activeElement) ? document.activeElement.id : "";
    const same = fresh.dataset.state === old.dataset.state;
    old.replaceWith(fresh);
    for (const [fold, open] of folds) if (same && by(fold)) by(fold).open = open;
    if (inside) (by(inside) || by("answer")).focus({ preventScroll: true });
  };

  const show = async (url, { link = false, control = null } = {}) => {
    pending?.abort();
    const mine = pending = new AbortController();
    document.body.classList.add("busy");
    try {
      const response = await fetch(url, { signal: mine.signal, headers: { accept: "text/html" } });
      if (!(response.headers.get("content-type") || "").startsWith("text/html")) throw new Error("no page");
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (!page.getElementById("swap")) throw new Error("no answer");
      faulty = response.ok ? null : page;
      if (faulty && !link) {
        // The last good answer stays; a message comes when its field is left.
        complain(faulty);
        return;
      }
      replace(page, "figures");
      adopt(page.getElementById("ask"), link);
      complain(page);
      replace(page, "presets");
      replace(page, "swap");
      const { title, said } = by("swap").dataset;
      document.title = title;
      by("said").textContent = by("peek").textContent = said;
      const { pathname, search } = new URL(response.url);
      shown = pathname + search;
      if (shown !== location.pathname + location.search) {
        // One entry of the history for a run of changes of one control.
        if (control && control === last) history.replaceState(null, "", response.url);
        else history.pushState(null, "", response.url);
      }
      last = control;
      document.dispatchEvent(new Event("swapped"));
    } catch (error) {
      if (error.name !== "AbortError") location.assign(url);
    } finally {
      if (pending === mine) document.body.classList.remove("busy");
    }
  };

  const stop = () => { timer = clearTimeout(timer) || 0; };
  const address = () => `./?${new URLSearchParams(new FormData(form))}`;
  const changed = (wait, control) => {
    stop();
    timer = setTimeout(() => { timer = 0; show(address(), { control }); }, wait);
  };

  // Of several members, the one that is typed is completed.
  const complete = (field) => {
    const before = field.value.replace(/[^;,]*$/, "");
    if (!field.list || field.list.dataset.before === before) return;
    field.list.dataset.before = before;
    for (const each of field.list.options) {
      each.dataset.member ??= each.value;
      each.value = before + each.dataset.member;
    }
  };

  form.addEventListener("input", (event) => {
    const control = event.target;
    if (control.type === "range") {
      control.dataset.stated = "";
      output(control);
      rest();
    }
    if (control.closest("#figures")) return;
    if (control.type === "text") complete(control);
    changed(control.type === "text" ? 350 : control.type === "range" ? 120 : 0, control);
  });
  form.addEventListener("change", (event) => {
    if (event.target.type === "text" && event.target.closest("#figures")) changed(0, event.target);
  });
  form.addEventListener("focusout", () => { setTimeout(() => { if (faulty) complain(faulty); }); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    stop();
    show(address()).then(() => { by("answer").focus(); });
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-apply]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    stop();
    const leads = link.matches(".way, svg a");
    show(new URL(link.getAttribute("href"), location.href), { link: true }).then(() => {
      if (leads) by("answer").focus();
      if (link.classList.contains("why")) by("standpoint")?.scrollIntoView({ block: "center" });
    });
  });
  addEventListener("beforeprint", () => { by("address")?.replaceChildren(location.href); });
  addEventListener("popstate", () => {
    if (location.pathname + location.search !== shown) show(location.href, { link: true });
  });
})();
