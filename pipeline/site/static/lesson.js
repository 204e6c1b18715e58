// Moving quotes without a new page, and keeping the sheet in this browser.
(() => {
  "use strict";
  const KEPT = "testimony-archive-lesson";
  const form = document.querySelector("[data-lesson]");
  const list = form.querySelector("[data-quotes]");
  const status = form.querySelector("[data-status]");

  function state() {
    return {
      title: form.elements.title.value,
      end: form.elements.end.value,
      quotes: [...list.children].map((item) => ({
        q: item.querySelector("[name=q]").value,
        n: item.querySelector("[name=n]").value,
      })),
    };
  }

  function address(sheet) {
    const asked = new URLSearchParams();
    const language = new URLSearchParams(location.search).get("lang");
    if (language) asked.append("lang", language);
    for (const one of sheet.quotes) {
      asked.append("q", one.q);
      asked.append("n", one.n || "");
    }
    if (sheet.title) asked.append("title", sheet.title);
    if (sheet.end) asked.append("end", sheet.end);
    const said = asked.toString();
    return said ? `/lesson?${said}` : "/lesson";
  }

  function kept() {
    try {
      const sheet = JSON.parse(localStorage.getItem(KEPT));
      return sheet && Array.isArray(sheet.quotes) ? sheet : null;
    } catch {
      return null;
    }
  }

  function keep() {
    const sheet = state();
    try {
      localStorage.setItem(KEPT, JSON.stringify(sheet));
    } catch {
      // Without storage the address alone keeps it.
    }
    history.replaceState(null, "", address(sheet));
  }

  function say(name, place) {
    const said = document.querySelector(`template[data-${name}]`).content.cloneNode(true);
    if (place) said.querySelector("[data-place]").textContent = place;
    status.replaceChildren(said);
  }

  function renumber() {
    [...list.children].forEach((item, at) => {
      for (const button of item.querySelectorAll("button")) button.value = at + 1;
    });
  }

  const moves = {
    up: (item) => item.previousElementSibling?.before(item),
    down: (item) => item.nextElementSibling?.after(item),
    remove: (item) => {
      const next = item.nextElementSibling || item.previousElementSibling;
      item.remove();
      (next ? next.querySelector("textarea") : form.elements.add).focus();
    },
  };

  list.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || !moves[button.name]) return;
    event.preventDefault();
    const item = button.closest("li");
    moves[button.name](item);
    renumber();
    keep();
    if (button.name === "remove") {
      say("removed");
    } else {
      button.focus();
      say("moved", [...list.children].indexOf(item) + 1);
    }
  });

  form.addEventListener("input", (event) => {
    if (event.target.name !== "add") keep();
  });

  // A quote that is added by its address comes back from the server: then it is ours to keep.
  form.addEventListener("submit", () => {
    keep();
    try {
      sessionStorage.setItem(KEPT, "mine");
    } catch {
      // Then it is kept at the next change.
    }
  });

  // What is typed is kept at once; the button stays what Enter presses.
  form.querySelector("[data-keep]").hidden = true;

  const anew = form.querySelector("[data-anew]");
  anew.hidden = false;
  anew.addEventListener("click", () => {
    const sure = document.querySelector("template[data-sure]").content.textContent.trim();
    if (!confirm(sure)) return;
    try {
      localStorage.removeItem(KEPT);
    } finally {
      location.assign(address({ quotes: [] }));
    }
  });

  const mine = kept();
  const asked = new URLSearchParams(location.search);
  if (!list.children.length && !asked.has("title") && !asked.has("end") && mine
      && (mine.quotes.length || mine.title || mine.end)) {
    location.replace(address(mine));
  } else {
    try {
      if (sessionStorage.getItem(KEPT) || !mine) keep();
      sessionStorage.removeItem(KEPT);
    } catch {
      // Nothing is kept in this browser.
    }
  }
})();
