// Listening along: the page is whole without this. Nothing runs by itself but the player's own
// events, some four times a second.
"use strict";
(() => {
  const root = document.querySelector(".reading");
  const listen = root.querySelector(".listen");
  const told = document.getElementById("told");
  const chosenBar = root.querySelector(".chosen");
  const dialog = root.querySelector("dialog");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const tell = (text) => { told.textContent = text; };
  const fill = (message, values) => message.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const act = (name) => root.querySelector(`[data-do="${name}"]`);
  const lineOf = (node) => (node instanceof Element ? node : node?.parentElement)?.closest(".lines > li");
  const clockOf = (line) => line.querySelector(".at").textContent;

  // Parts: a recording with its lines

  const parts = [...root.querySelectorAll(".player")].map((player) => {
    const number = Number(player.dataset.part);
    const list = root.querySelector(`.lines[data-part="${number}"]`);
    const lines = list ? [...list.children] : [];
    return {
      number, player, lines,
      media: player.querySelector("audio, video"),
      starts: lines.map((line) => Number(line.dataset.start)),
      ends: lines.map((line) => Number(line.dataset.end)),
    };
  });
  const lines = parts.flatMap((part) => part.lines);
  const partOf = (line) => parts.find((part) => part.number === Number(line.parentElement.dataset.part));
  const last = (sorted, value) => {  // the index of the last that is not greater, or -1
    let low = 0, high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] <= value) low = middle + 1; else high = middle;
    }
    return low - 1;
  };
  let active = parts.find((part) => part.media) ?? null;
  let spoken = null;  // the line that is being said

  function activate(part) {
    if (part === active || !part.media) return;
    active?.media.pause();
    active = part;
    part.media.playbackRate = Number(act("speed").value);
    showActive();
  }

  function showActive() {
    for (const part of parts) part.player.hidden = Boolean(part.media) && part !== active;
  }

  function seek(part, seconds, play) {
    if (!part?.media) return;
    activate(part);
    const media = part.media;
    const go = () => {
      media.currentTime = seconds;
      if (play) media.play().catch(() => {});
    };
    if (media.readyState > 0) go();
    else {
      media.addEventListener("loadedmetadata", go, { once: true });
      media.load();
    }
  }

  function playLine(line) {
    const part = partOf(line);
    if (!part.media) return;
    mark(line);
    seek(part, Number(line.dataset.start), true);
    history.replaceState(null, "", `#s${line.id.slice(1)}`);
    tell(fill(root.dataset.playing, { time: clockOf(line) }));
  }

  // The line that is being said

  const room = () => {  // what of the window is not covered by what stays in place
    const kept = listen.getBoundingClientRect();
    const above = getComputedStyle(listen).position === "sticky" && kept.width > innerWidth / 2;
    return { top: above ? Math.max(0, kept.bottom) : 0, bottom: innerHeight };
  };
  const inView = (line) => {
    const { top, bottom } = room(), box = line.getBoundingClientRect();
    return box.bottom > top && box.top < bottom;
  };

  function bring(line, smooth) {
    line.scrollIntoView({ block: "center", behavior: smooth && !calm.matches ? "smooth" : "auto" });
  }

  function mark(line) {
    if (line === spoken) return;
    spoken?.removeAttribute("aria-current");
    spoken = line;
    line?.setAttribute("aria-current", "true");
  }

  function follow() {
    const media = active.media;
    const index = last(active.starts, media.currentTime + 0.05);
    const line = active.lines[index] ?? null;
    if (line !== spoken) {
      // Who has scrolled away reads elsewhere: the page is left where it is.
      const along = !spoken || inView(spoken);
      mark(line);
      if (line && along && !media.paused) {
        const { top, bottom } = room(), box = line.getBoundingClientRect();
        const edge = (bottom - top) / 6;
        if (box.top < top + edge || box.bottom > bottom - edge) bring(line, true);
      }
    }
    act("follow").hidden = !spoken || media.paused || inView(spoken);
  }

  for (const part of parts.filter((one) => one.media)) {
    part.media.addEventListener("timeupdate", () => { if (part === active) follow(); });
    part.media.addEventListener("seeked", () => { if (part === active) follow(); });
    part.media.addEventListener("play", () => { activate(part); });
    part.media.addEventListener("ended", () => {
      const next = parts[parts.indexOf(part) + 1];
      if (next?.media) seek(next, 0, true);
    });
  }

  // Clicks in the transcript

  root.addEventListener("click", (event) => {
    const line = lineOf(event.target);
    if (!line) return;
    const link = event.target.closest("a");
    if (link && !link.matches(".at")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey) {
      event.preventDefault();
      getSelection().removeAllRanges();
      choose(anchor ?? spoken ?? line, line);
    } else if (link || getSelection().isCollapsed) {
      if (link && !partOf(line).media) return;
      event.preventDefault();
      if (link || event.target.closest(".said")) { anchor = line; playLine(line); }
    }
  });

  // Choosing lines to quote

  let anchor = null;
  let chosen = [];

  function choose(from, to) {
    const part = partOf(to);
    if (partOf(from) !== part) from = to;
    const [first, final] = [part.lines.indexOf(from), part.lines.indexOf(to)].sort((a, b) => a - b);
    for (const line of chosen) line.classList.remove("picked");
    chosen = part.lines.slice(first, final + 1);
    for (const line of chosen) line.classList.add("picked");
    anchor = from;
    const start = Number(chosen[0].dataset.start);
    const end = Math.max(...chosen.map((line) => Number(line.dataset.end)));
    const ident = root.dataset.address.split("/").pop();
    const place = `${part.number > 1 ? `${part.number}:` : ""}${rounded(start)}-${rounded(end)}`;
    chosenBar.querySelector("a").href = `/quote/${ident}/${place}${root.dataset.asked}`;
    chosenBar.hidden = false;
    const ends = { from: clockOf(chosen[0]), to: clockOf(chosen[chosen.length - 1]) };
    chosenBar.querySelector("p").textContent = fill(root.dataset.chosen, ends);
  }

  const rounded = (seconds) => String(Number(seconds.toFixed(2)));

  function unchoose() {
    for (const line of chosen) line.classList.remove("picked");
    chosen = [];
    chosenBar.hidden = true;
  }

  let settling = 0;
  document.addEventListener("selectionchange", () => {
    clearTimeout(settling);
    settling = setTimeout(() => {
      const selection = getSelection();
      if (selection.isCollapsed || !selection.rangeCount) return;
      const range = selection.getRangeAt(0);
      const from = lineOf(range.startContainer), to = lineOf(range.endContainer);
      if (from && to) choose(from, to);
    }, 200);
  });

  // Searching inside

  const form = root.querySelector(".inside");
  const field = form.querySelector("input[type=search]");
  const count = root.querySelector("#hits .count");
  const steps = root.querySelector(".to-hits");
  let hits = [...root.querySelectorAll(".lines > li.hit")];
  let at = -1;
  let asking = null;

  function plain() {
    for (const line of hits) {
      line.classList.remove("hit");
      const said = line.querySelector(".said");
      said.textContent = said.textContent;
      line.querySelector(".step")?.remove();
    }
    hits = [];
    at = -1;
  }

  function show(found) {
    plain();
    for (const { segment, pieces } of found) {
      const line = document.getElementById(`s${segment}`);
      if (!line) continue;
      line.classList.add("hit");
      line.querySelector(".said").replaceChildren(...pieces.map((text, n) => {
        if (n % 2 === 0) return text;
        const marked = document.createElement("mark");
        marked.textContent = text;
        return marked;
      }));
    }
    hits = lines.filter((line) => line.classList.contains("hit"));
    steps.hidden = !hits.length;
    if (hits.length) step(1); else count.textContent = root.dataset.none;
  }

  function step(by) {
    if (!hits.length) return;
    at = at < 0 && by < 0 ? hits.length - 1 : (at + by + hits.length) % hits.length;
    bring(hits[at], false);
    hits[at].querySelector(".at").focus({ preventScroll: true });
    count.textContent = fill(root.dataset.at, { n: at + 1, all: hits.length });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const query = field.value.trim();
    const here = new URL(location.href);
    if (query) here.searchParams.set("q", query); else here.searchParams.delete("q");
    here.hash = "";
    history.replaceState(null, "", here);
    asking?.abort();
    if (!query) {
      plain();
      steps.hidden = true;
      count.textContent = "";
      return;
    }
    asking = new AbortController();
    try {
      const address = `${root.dataset.address}/search.json${here.search}`;
      const answer = await (await fetch(address, { signal: asking.signal })).json();
      if (answer.problem) {
        plain();
        steps.hidden = true;
        count.textContent = answer.problem;
      } else show(answer.found);
    } catch (error) {
      if (error.name !== "AbortError") count.textContent = root.dataset.failed;
    }
  });
  for (const [name, by] of [["next", 1], ["previous", -1]]) {
    act(name).addEventListener("click", (event) => { event.preventDefault(); step(by); });
  }

  // Buttons and keys

  const skip = (seconds) => {
    if (active) seek(active, Math.max(0, active.media.currentTime + seconds), false);
  };
  const toggle = () => {
    if (active) active.media.paused ? active.media.play().catch(() => {}) : active.media.pause();
  };
  const neighbour = (by) => {
    const from = spoken ?? (by > 0 ? null : lines[0]);
    const line = lines[(from ? lines.indexOf(from) : -1) + by];
    if (line) { playLine(line); bring(line, false); }
  };
  act("back").addEventListener("click", () => skip(-10));
  act("on").addEventListener("click", () => skip(10));
  act("speed").addEventListener("change", (event) => {
    if (active) active.media.playbackRate = Number(event.target.value);
    tell(fill(root.dataset.speed, { speed: event.target.value }));
  });
  act("follow").addEventListener("click", () => { if (spoken) bring(spoken, true); });
  act("help").addEventListener("click", () => dialog.showModal());
  act("unchoose").addEventListener("click", unchoose);

  // Single keys can be turned off (WCAG 2.1.4); the choice stays in this browser.
  const keysBox = act("keys");
  const KEPT = "testimony-keys";
  try { keysBox.checked = localStorage.getItem(KEPT) !== "off"; } catch { /* storage is closed */ }
  keysBox.addEventListener("change", () => {
    try { localStorage.setItem(KEPT, keysBox.checked ? "on" : "off"); } catch { /* as above */ }
  });

  const keys = {
    k: toggle, " ": toggle,
    j: () => skip(-10), l: () => skip(10),
    ArrowLeft: () => neighbour(-1), ArrowRight: () => neighbour(1),
    "/": () => field.focus(),
    "?": () => dialog.showModal(),
  };

  function among(event) {
    // Up and down only inside the transcript: elsewhere they scroll the page.
    const line = lineOf(document.activeElement);
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const next = line && by && lines[lines.indexOf(line) + by];
    if (!next) return false;
    if (event.shiftKey) choose(chosen.length ? anchor : line, next);
    next.querySelector(".at").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (!keysBox.checked || dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    if (target.matches("input, select, textarea, audio, video, summary")) return;
    if (event.key === " " && target.matches("a, button")) return;
    if (event.key === "Escape" && chosen.length) { unchoose(); return; }
    if (among(event)) { event.preventDefault(); return; }
    const does = keys[event.key];
    if (!does || (event.shiftKey && event.key !== "?" && event.key !== "/")) return;
    event.preventDefault();
    does();
  });

  // Opening at a moment: ?t=83.5, #t=83.5, #t=2:4, or #s123

  function openAt(moment) {
    const match = /^(?:(\d{1,3}):)?(\d{1,6}(?:\.\d{1,3})?)$/.exec(moment ?? "");
    const part = match && parts.find((one) => one.number === Number(match[1] ?? 1));
    if (!part) return;
    const seconds = Number(match[2]);
    seek(part, seconds, false);
    const line = part.lines[Math.max(0, last(part.starts, seconds + 0.01))];
    if (line) { mark(line); bring(line, false); }
  }

  function openHash() {
    const hash = location.hash.slice(1).replaceAll("%3A", ":");
    const line = /^s\d+$/.test(hash) ? document.getElementById(hash) : null;
    if (hash.startsWith("t=")) openAt(hash.slice(2));
    else if (line && lines.includes(line)) {
      seek(partOf(line), Number(line.dataset.start), false);
      mark(line);
      bring(line, false);
    }
    return Boolean(line) || hash.startsWith("t=");
  }

  root.classList.add("heard");
  listen.classList.add("compact");
  root.querySelector(".tools").hidden = !active;
  showActive();
  if (!openHash()) openAt(new URLSearchParams(location.search).get("t"));
  addEventListener("hashchange", openHash);
})();
