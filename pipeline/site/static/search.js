// One player for all passages: it starts where a passage starts and stops where it ends.
(() => {
  "use strict";
  const player = new Audio();
  player.preload = "none";
  const bar = document.createElement("progress");
  bar.setAttribute("aria-hidden", "true");
  const told = document.querySelector("[data-told]");
  const text = (name) => document.querySelector(`template[data-${name}]`).content.textContent;
  let now = null;

  const start = (button) => Number(button.dataset.start);
  const end = (button) => Number(button.dataset.end);

  function rest() {
    player.pause();
    if (!now) return;
    now.textContent = now.dataset.play;
    now.setAttribute("aria-label", now.dataset.label);
    now.closest(".passage").classList.remove("heard");
    bar.remove();
    now = null;
  }

  function hear(button) {
    rest();
    now = button;
    told.textContent = "";
    button.textContent = text("stop");
    button.setAttribute("aria-label", button.dataset.label.replace(button.dataset.play, text("stop")));
    bar.max = end(button) - start(button);
    bar.value = 0;
    const passage = button.closest(".passage");
    passage.classList.add("heard");
    passage.querySelector(".said").after(bar);
    const address = new URL(button.dataset.sound, location.href).href;
    if (player.src !== address) player.src = address;
    // Before the file is known, this is where it will start.
    player.currentTime = start(button);
    player.play().catch((error) => {
      // A passage that was stopped before it began is no failure.
      if (now !== button || error.name === "AbortError") return;
      rest();
      told.classList.remove("said-only");
      told.textContent = text("silent");
    });
    requestAnimationFrame(follow);
  }

  // `timeupdate` comes four times a second, which would let the next words in.
  function follow() {
    if (!now) return;
    watch();
    if (now) requestAnimationFrame(follow);
  }

  function watch() {
    if (!now || player.seeking) return;
    bar.value = Math.max(0, player.currentTime - start(now));
    if (player.currentTime >= end(now)) rest();
  }

  player.addEventListener("timeupdate", watch); // where no frame is drawn: another tab is in front
  player.addEventListener("ended", rest);

  for (const button of document.querySelectorAll(".play")) {
    button.dataset.play = button.textContent;
    button.dataset.label = button.getAttribute("aria-label");
    button.hidden = false;
    button.addEventListener("click", () => (button === now ? rest() : hear(button)));
    const plain = button.closest(".passage").querySelector(".plain");
    // Film can still be seen: the button only has its sound.
    if (plain && plain.querySelector("audio")) plain.hidden = true;
  }
  addEventListener("pagehide", rest);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && now) {
      const button = now;
      rest();
      button.focus();
    }
  });
})();
