// Copying, printing and collecting. The page does without it.
(() => {
  "use strict";
  const KEPT = "testimony-archive-lesson";
  const MOST = 30;
  const status = document.querySelector("[data-status]");

  function say(name) {
    const template = document.querySelector(`template[data-${name}]`);
    status.replaceChildren(template.content.cloneNode(true));
  }

  function sheet() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEPT));
      return kept && Array.isArray(kept.quotes) ? kept : { quotes: [] };
    } catch {
      return { quotes: [] };
    }
  }

  // Where a title is in italics, a word processor gets it so.
  function copy(source) {
    const text = source.textContent.trim();
    if (!source.querySelector("i")) return navigator.clipboard.writeText(text);
    const forms = { "text/plain": text, "text/html": source.innerHTML };
    const blobs = Object.entries(forms).map(([type, said]) => [type, new Blob([said], { type })]);
    return navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
  }

  // The version of the words goes into the address bar, so that whoever copies it from there
  // is told one day that they have changed.
  const canonical = document.querySelector("link[rel=canonical]");
  if (canonical && !new URLSearchParams(location.search).has("v")) {
    const version = new URL(canonical.href).searchParams.get("v");
    const address = new URL(location.href);
    address.searchParams.set("v", version);
    history.replaceState(null, "", address);
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      try {
        await copy(source);
        say("copied");
      } catch {
        getSelection().selectAllChildren(source);
        say("not-copied");
      }
    });
  }

  const print = document.querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  const add = document.querySelector("[data-add]");
  if (add) {
    add.addEventListener("click", (event) => {
      const kept = sheet();
      const place = add.dataset.add.split("@")[0];
      const there = kept.quotes.some((one) => one.q.split("@")[0] === place);
      if (!there && kept.quotes.length >= MOST) {
        event.preventDefault();
        say("full");
        return;
      }
      if (!there) kept.quotes.push({ q: add.dataset.add, n: "" });
      try {
        localStorage.setItem(KEPT, JSON.stringify(kept));
      } catch {
        return; // no storage: the link makes a sheet with this quote
      }
      event.preventDefault();
      say("added");
    });
  }
})();
