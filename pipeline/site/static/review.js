// Correcting in place: one form, moved to the line that is worked on; the page is whole without this.
// What is saved goes out in order, one at a time; what is not yet saved stays in this browser.
"use strict";
(() => {
  const root = document.querySelector(".reviewing");
  const list = root.querySelector(".rows");
  if (!list) return;
  const say = root.dataset;
  const media = root.querySelector("audio");
  const told = document.getElementById("told");
  const lost = document.getElementById("lost");
  const dialog = root.querySelector("dialog");
  const model = document.getElementById("editor").content.querySelector("form");
  const act = (name) => root.querySelector(`[data-do="${name}"]`);
  const tell = (text) => { told.textContent = text; };
  const fill = (message, values) => message.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const lineOf = (node) => node?.closest?.(".rows > li") ?? null;
  const clockOf = (line) => line.querySelector(".at").textContent;
  const startOf = (line) => Number(line.dataset.start);
  const endOf = (line) => Number(line.dataset.end);
  const textOf = (line) => line.querySelector(".said")?.textContent ?? "";
  const seenOf = (line) => ({
    start_s: startOf(line), end_s: endOf(line), text: textOf(line),
    language: line.dataset.language ?? null, speaker: line.dataset.speaker ?? null,
  });
  const step = (line, by) => (by > 0 ? line.nextElementSibling : line.previousElementSibling);

  // What is kept in this browser until it is saved: by the start of the line, in milliseconds

  let storable = true;
  const keyOf = (line) => say.store + line.id.slice(1);

  function keep(line, written) {
    line.written = written;
    try { localStorage.setItem(keyOf(line), JSON.stringify(written)); } catch { storable = false; }
  }

  function forget(line) {
    delete line.written;
    line.querySelector(".kept-here")?.remove();
    try { localStorage.removeItem(keyOf(line)); } catch { /* nothing was kept */ }
  }

  function showKept(line, said, button) {
    line.querySelector(".kept-here")?.remove();
    const note = document.createElement("p");
    note.className = "kept-here";
    const mark = document.createElement("span");
    mark.className = "mark kept";
    mark.textContent = said;
    const open = document.createElement("button");
    open.type = "button";
    open.textContent = button;
    open.addEventListener("click", (event) => { event.stopPropagation(); edit(line); });
    note.append(mark, open);
    line.append(note);
  }

  function recall() {
    const found = [];
    try {
      for (let n = 0; n < localStorage.length; n += 1) {
        const key = localStorage.key(n);
        if (key.startsWith(say.store)) found.push([key, JSON.parse(localStorage.getItem(key))]);
      }
    } catch { storable = false; }
    for (const [key, written] of found) {
      const start = written?.seen?.[0]?.start_s;
      const line = document.getElementById(`r${key.slice(say.store.length)}`)
        ?? [...list.children].findLast((one) => startOf(one) <= start);
      if (!line || start === undefined) continue;
      if (keyOf(line) !== key) { localStorage.removeItem(key); keep(line, written); }
      line.written = written;
      showKept(line, say.kept, say.goon);
    }
  }

  // The form

  let editor = null;  // {line, lines, form, box}

  const writtenIn = ({ lines, form }) => ({
    seen: lines.map(seenOf),
    text: form.elements.text.value,
    language: form.elements.language.value || null,
    speaker: form.elements.speaker.value.trim() || null,
    private: form.elements.private.checked,
  });

  function changed() {
    const now = writtenIn(editor), was = editor.was;
    return now.seen.length !== was.seen.length || now.private !== was.private || now.text !== was.text
      || now.language !== was.language || now.speaker !== was.speaker;
  }

  function setLanguage(form, language) {
    const select = form.elements.language;
    if (language && ![...select.options].some((one) => one.value === language)) {
      select.append(new Option(language, language));
    }
    select.value = language ?? "";
    if (language) form.elements.text.lang = language; else form.elements.text.removeAttribute("lang");
  }

  function edit(line, { focus = true } = {}) {
    if (editor?.line === line) { editor.box.focus(); return; }
    if (line.classList.contains("pending")) { tell(say.wait); return; }
    leave(true);
    const form = model.cloneNode(true);
    form.id = "now";
    const box = form.elements.text;
    const spoken = seenOf(line);
    editor = { line, lines: [line], form, box };
    box.value = spoken.text;
    setLanguage(form, spoken.language);
    form.elements.speaker.value = spoken.speaker ?? "";
    line.append(form);
    line.classList.add("open");
    editor.was = writtenIn(editor);
    if (line.written) resume(line.written);
    if (focus) {
      box.focus({ preventScroll: true });
      box.setSelectionRange(0, 0);
    }
    bring(line);
    history.replaceState(null, "", `${say.address}&at=${line.dataset.start}#now`);
    if (act("along").checked && media.src && focus) playLine(line);
  }

  // The whole form in view, below what stays in place; where it is too high for that, its beginning.
  function bring(line) {
    const kept = root.querySelector(".listen").getBoundingClientRect();
    const top = kept.width > innerWidth / 2 ? Math.max(0, kept.bottom) : 0;
    const { top: from, bottom: to, height } = line.getBoundingClientRect();
    if (from >= top && to <= innerHeight) return;
    line.scrollIntoView({ block: height < (innerHeight - top) / 2 ? "center" : "start" });
  }

  // What was written before a conflict, a lost connection or a closed window: put into the form,
  // with what stands there now above it where that is no longer the same.
  function resume(written) {
    const { form, box, lines } = editor;
    const end = written.seen.at(-1).end_s;
    for (let next = step(lines[0], 1); next && startOf(next) < end; next = step(next, 1)) take(next);
    const now = lines.map(textOf).filter(Boolean).join("\n");
    const then = written.seen.map((one) => one.text).filter(Boolean).join("\n");
    if (now !== then || written.clash) {
      form.querySelector(".theirs").hidden = false;
      form.querySelector(".theirs .text").textContent = now;
      act("theirs").hidden = false;
    }
    if (written.problem) problem(written.problem);
    box.value = written.text;
    setLanguage(form, written.language);
    form.elements.speaker.value = written.speaker ?? "";
    form.elements.private.checked = written.private;
    editor.line.querySelector(".kept-here")?.remove();
  }

  function problem(text) {
    const note = editor.form.querySelector(".problem");
    note.textContent = text;
    note.hidden = false;
  }

  function take(line) {
    editor.lines.push(line);
    line.classList.add("taken");
  }

  function join() {
    let next = step(editor.lines.at(-1), 1);
    const more = [];
    while (next && !textOf(next)) { more.push(next); next = step(next, 1); }
    if (!next || [...more, next].some((one) => one.classList.contains("pending"))) { tell(say.noNext); return; }
    const { box } = editor, at = box.value.trimEnd().length;
    box.value = `${box.value.trimEnd()} ${textOf(next)}`.trimStart();
    [...more, next].forEach(take);
    box.focus();
    box.setSelectionRange(at, at);
    written();
  }

  let noting = 0;
  const written = () => {
    clearTimeout(noting);
    const of = editor;
    noting = setTimeout(() => {
      if (editor !== of) return;
      if (changed()) keep(editor.line, { ...writtenIn(editor), clash: editor.line.written?.clash });
      else forget(editor.line);
    }, 250);
  };

  // Closes the form. What was changed is sent (`sending`), or stays here with a mark.
  function leave(sending) {
    if (!editor) return;
    if (sending && changed() && !editor.line.written?.clash) { if (send("save")) return; }
    const { line, lines, form } = editor;
    const left = changed() ? { ...writtenIn(editor), clash: line.written?.clash } : null;
    close();
    if (left) { keep(line, left); showKept(line, say.kept, say.goon); } else if (line.written) forget(line);
    for (const one of lines) one.classList.remove("taken");
    return form;
  }

  function close() {
    clearTimeout(noting);
    editor.form.remove();
    editor.line.classList.remove("open");
    editor = null;
    history.replaceState(null, "", say.address);
  }

  // Saving

  const waiting = [];  // {lines, edit, written}, in the order in which they were made
  let sending = false;
  let retry = 0;

  // Puts what is in the form on its way. False where it cannot go.
  function send(doing) {
    const { line, lines, form } = editor;
    const now = writtenIn(editor);
    const texts = doing === "nothing" ? [] : now.text.split(/\r?\n/).map((one) => one.trim()).filter(Boolean);
    if (!texts.length && doing !== "nothing" && lines.some(textOf)) {
      problem(say.empty);
      form.elements.text.focus();
      return false;
    }
    const edited = {
      seen: now.seen,
      lines: texts.map((text) => ({ text, language: now.language, speaker: now.speaker })),
      private: now.private,
    };
    close();
    keep(line, { ...now, text: texts.join("\n") });
    for (const one of lines) one.classList.add("pending");
    const shown = line.querySelector(".said");
    if (shown) shown.textContent = texts.join("\n");
    showPending(line);
    waiting.push({ lines, edit: edited });
    pump();
    return true;
  }

  function showPending(line) {
    line.querySelector(".kept-here")?.remove();
    const note = document.createElement("p");
    note.className = "kept-here";
    note.textContent = say.saving;
    line.append(note);
  }

  async function pump() {
    if (sending || !waiting.length) return;
    sending = true;
    clearTimeout(retry);
    const job = waiting[0];
    let answer, document;
    try {
      answer = await fetch(say.address, {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrftoken": say.token },
        body: JSON.stringify(job.edit),
      });
      document = await answer.json();
    } catch { /* no connection, or no answer of ours: a login page, a proxy's error */ }
    sending = false;
    if (answer?.ok && document) done(job, document);
    else if (answer?.status === 409 && document) clash(job, document);
    else if ((answer?.status === 400 || answer?.status === 404) && document) refused(job, document.problem);
    else { stuck(document?.problem ?? say.lost); return; }
    if (!lost.hidden) { lost.hidden = true; tell(say.back); }
    pump();
  }

  // The rows that came back stand where the job's stood; returns them.
  function replace(job, html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const fresh = [...holder.content.querySelectorAll("li")];
    const old = job.lines[0];
    old.before(...fresh);
    for (const line of job.lines) line.remove();
    sorted();
    return fresh;
  }

  function done(job, { rows, progress }) {
    waiting.shift();
    const first = job.lines[0], at = clockOf(first), focused = first.contains(document.activeElement);
    forget(first);
    const fresh = replace(job, rows);
    if (focused) fresh[0]?.querySelector(".at").focus();
    document.getElementById("progress").textContent = progress;
    tell(fill(say.saved, { time: at }));
  }

  function clash(job, { problem: said, rows }) {
    waiting.shift();
    const first = job.lines[0], mine = first.written;
    forget(first);
    const fresh = replace(job, rows);
    const line = fresh[0] ?? list.firstElementChild;
    if (!line) return;
    keep(line, { ...mine, seen: job.edit.seen, clash: true, problem: said });
    tell(`${clockOf(line)}: ${said}`);
    if (editor) showKept(line, said, say.compare); else edit(line);
  }

  function refused(job, said) {
    waiting.shift();
    const line = job.lines[0], mine = line.written;
    for (const [n, one] of job.lines.entries()) {
      one.classList.remove("pending", "taken");
      const shown = one.querySelector(".said");
      if (shown) shown.textContent = job.edit.seen[n].text;
    }
    keep(line, { ...mine, seen: job.edit.seen, problem: said });
    showKept(line, said ?? say.kept, say.goon);
    tell(`${fill(say.unsaved, { time: clockOf(line) })} ${said ?? ""}`);
  }

  function stuck(said) {
    lost.querySelector("p").textContent = said;
    lost.hidden = false;
    clearTimeout(retry);
    retry = setTimeout(pump, 10_000);
  }

  addEventListener("online", pump);
  act("retry").addEventListener("click", pump);
  addEventListener("beforeunload", (event) => {
    if (!storable && (waiting.length || (editor && changed()))) event.preventDefault();
  });

  // Listening

  let starts = [];
  let rows = [];
  let stop = null;  // {line, end}: where playing pauses or begins again
  let spoken = null;
  const looping = () => act("loop").getAttribute("aria-pressed") === "true";

  function sorted() {
    rows = [...list.children];
    starts = rows.map(startOf);
  }

  const last = (value) => {  // the line that has begun by then
    let low = 0, high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= value) low = middle + 1; else high = middle;
    }
    return rows[low - 1] ?? null;
  };

  function seek(seconds, play) {
    if (!media.src) return;
    const go = () => {
      media.currentTime = Math.max(0, seconds);
      if (play) media.play().catch(() => {});
    };
    if (media.readyState > 0) go(); else media.addEventListener("loadedmetadata", go, { once: true });
  }

  function playLine(line) {
    const end = editor?.line === line ? endOf(editor.lines.at(-1)) : endOf(line);
    stop = { line, start: startOf(line), end };
    seek(stop.start, true);
  }

  const watched = () => {
    if (stop && media.currentTime >= stop.end + 0.15) {
      if (looping()) media.currentTime = Math.max(0, stop.start);
      else { media.pause(); stop = null; }
    }
    const line = last(media.currentTime + 0.02);
    if (line !== spoken) {
      spoken?.removeAttribute("aria-current");
      spoken = line;
      spoken?.setAttribute("aria-current", "true");
    }
  };
  let ticking = 0;
  media.addEventListener("play", () => { clearInterval(ticking); ticking = setInterval(watched, 40); });
  media.addEventListener("pause", () => clearInterval(ticking));
  media.addEventListener("seeked", watched);

  const here = () => editor?.line ?? lineOf(document.activeElement) ?? spoken ?? rows[0];
  const does = {
    play: () => {
      if (!media.src) return;
      if (media.paused) { if (stop && media.currentTime >= stop.end) stop = null; media.play().catch(() => {}); }
      else media.pause();
    },
    again: () => playLine(here()),
    back: () => { if (stop && media.currentTime - 2 < stop.start) stop = { ...stop, start: media.currentTime - 2 }; seek(media.currentTime - 2, true); },
    loop: () => {
      const on = !looping();
      act("loop").setAttribute("aria-pressed", String(on));
      tell(on ? say.looping : say.notLooping);
      if (on && media.src) playLine(here());
    },
    doubt: () => {
      let line = step(here(), 1);
      while (line && !(line.classList.contains("doubted") && !line.classList.contains("pending"))) line = step(line, 1);
      if (line) edit(line); else tell(say.nodoubt);
    },
    help: () => dialog.showModal(),
  };
  for (const name of Object.keys(does)) act(name).addEventListener("click", does[name]);
  act("speed").addEventListener("change", (event) => { media.playbackRate = Number(event.target.value); });

  async function prepare() {
    try {
      const answer = await fetch(say.sound, { method: "HEAD" });
      if (answer.status === 200) {
        media.src = say.sound;
        media.hidden = false;
        root.querySelector(".preparing").remove();
        tell(say.ready);
        return;
      }
      if (answer.status !== 202) { root.querySelector(".preparing").textContent = await (await fetch(say.sound)).text(); return; }
    } catch { /* asked again */ }
    setTimeout(prepare, 3000);
  }

  // From line to line

  function goOn(by) {
    let line = editor ? step(by > 0 ? editor.lines.at(-1) : editor.line, by) : null;
    while (line?.classList.contains("pending")) line = step(line, by);
    if (line) edit(line); else { leave(true); tell(say.last); }
  }

  function saveAndGoOn(doing) {
    let next = step(editor.lines.at(-1), 1);
    if (!send(doing)) return;
    while (next?.classList.contains("pending")) next = step(next, 1);
    if (next) edit(next); else tell(say.last);
  }

  function walk(by) {
    const line = lineOf(document.activeElement) ?? spoken;
    const next = line ? step(line, by) : rows[0];
    if (!next) return;
    next.querySelector(".at").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  list.addEventListener("click", (event) => {
    const line = lineOf(event.target);
    if (!line || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (event.target.closest(".at")) { event.preventDefault(); playLine(line); return; }
    if (event.target.closest(".correct") || (event.target.closest(".said, .none") && getSelection().isCollapsed)) {
      event.preventDefault();
      edit(line);
    }
    if (event.target.closest(".leave")) { event.preventDefault(); leaveByHand(); }
    if (event.target.closest("[data-do=theirs]")) {
      const { form, box, lines } = editor;
      box.value = lines.map(textOf).filter(Boolean).join("\n");
      const first = lines.find(textOf) ?? lines[0];
      setLanguage(form, first.dataset.language ?? null);
      form.elements.speaker.value = first.dataset.speaker ?? "";
      box.focus();
      written();
    }
  });

  function leaveByHand() {
    const { line } = editor;
    leave(false);
    line.querySelector(".at").focus({ preventScroll: true });
  }

  list.addEventListener("submit", (event) => {
    event.preventDefault();
    const doing = event.submitter?.value ?? "save";
    if (doing === "join") join(); else saveAndGoOn(doing);
  });
  list.addEventListener("input", (event) => {
    if (event.target.name === "language") setLanguage(editor.form, event.target.value);
    written();
  });

  // Keys. Single letters can be turned off (WCAG 2.1.4); the choices stay in this browser.

  for (const name of ["keys", "along"]) {
    const kept = `testimony-review-${name}`;
    try { act(name).checked = localStorage.getItem(kept) !== "off"; } catch { /* storage is closed */ }
    act(name).addEventListener("change", ({ target }) => {
      try { localStorage.setItem(kept, target.checked ? "on" : "off"); } catch { /* as above */ }
    });
  }

  const anywhere = { F2: does.again, F4: does.loop, F8: does.play, F9: does.back };
  const letters = {
    k: does.play, " ": does.play, j: does.back, r: does.again, o: does.loop, n: does.doubt, "?": does.help,
    e: () => edit(here()), ArrowUp: () => walk(-1), ArrowDown: () => walk(1),
  };

  function whileWriting(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return () => saveAndGoOn("save");
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    if (event.key === "Escape") return leaveByHand;
    if (event.key === "PageDown") return () => goOn(1);
    if (event.key === "PageUp") return () => goOn(-1);
    const { box } = editor, { selectionStart: at, selectionEnd: until } = box;
    if (event.key === "Delete" && event.target === box && at === until && at === box.value.length) return join;
    return null;
  }

  document.addEventListener("keydown", (event) => {
    if (dialog.open || event.isComposing || event.shiftKey && event.key !== "?") return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    let what = plain ? anywhere[event.key] : null;
    if (!what && editor?.form.contains(event.target)) what = whileWriting(event);
    else if (!what && plain && act("keys").checked) {
      if (event.target.matches("input, select, textarea, audio, summary")) return;
      if (event.key === " " && event.target.matches("a, button")) return;
      what = letters[event.key];
    }
    if (!what) return;
    event.preventDefault();
    what();
  });

  // Begin

  root.classList.add("working");
  root.querySelector(".tools").hidden = false;
  sorted();
  recall();
  if (say.soundState === "making") prepare();
  const form = list.querySelector("form.editor");
  if (form) {
    const line = lineOf(form), said = form.querySelector(".problem");
    const theirs = !form.querySelector(".theirs").hidden;
    if (!theirs && said.hidden) {
      form.remove();
      edit(line);
      // Whoever comes by …#now: the browser goes there once more when all is loaded, and takes the
      // focus away. Keys would then be commands instead of text.
      addEventListener("load", () => setTimeout(() => {
        if (editor?.line === line && document.activeElement === document.body) editor.box.focus({ preventScroll: true });
      }), { once: true });
    }
  }
})();
