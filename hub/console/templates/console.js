// Keys of a page: what has data-key="s" is clicked by S, what has data-focus="2" gets the focus by 2. They can be switched off (WCAG 2.1.4).
"use strict";
(() => {
  const OFF = "hub-keys-off";
  const isOff = () => localStorage.getItem(OFF) === "1";
  const find = (name, key) => [...document.querySelectorAll(`[data-${name}]`)].find((one) => one.getAttribute(`data-${name}`).split(" ").includes(key));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (typing || event.repeat || event.ctrlKey || event.altKey || event.metaKey || isOff()) return;
    const key = event.key.toLowerCase();
    const clicked = find("key", key), focused = find("focus", key);
    if (clicked || focused) event.preventDefault();
    if (clicked) clicked.click(); else if (focused) focused.focus();
  });
  // A form that was sent is not sent twice.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  const toggle = document.querySelector("[data-toggle-keys]");
  if (toggle) {
    const show = () => toggle.setAttribute("aria-pressed", String(!isOff()));
    toggle.addEventListener("click", () => { localStorage.setItem(OFF, isOff() ? "0" : "1"); show(); });
    show();
  }
  // A live page reads itself again when something has changed, unless somebody is at work in it. Without this, reloading does the same.
  const status = document.querySelector("[data-live]");
  if (status) {
    let isReading = false, isMissed = false;
    const mustWait = () => document.hidden || document.getElementById("live").contains(document.activeElement);
    const read = async () => {
      if (isReading || mustWait()) { isMissed = true; return; }
      isReading = true; isMissed = false;
      try {
        const answer = await fetch(location.href, { redirect: "error", signal: AbortSignal.timeout(15000) });
        const made = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
        if (!made) status.textContent = status.dataset.off;
        else if (mustWait()) isMissed = true; // somebody has got to work in it meanwhile
        else document.getElementById("live").replaceWith(document.adoptNode(made));
      } catch { status.textContent = status.dataset.off; }
      isReading = false;
      if (isMissed && !mustWait()) read();
    };
    const events = new EventSource(status.dataset.live);
    events.onopen = () => { status.textContent = status.dataset.on; };
    events.onerror = () => { status.textContent = status.dataset.off; };
    events.addEventListener("change", read);
    const catchUp = () => { if (isMissed) setTimeout(read, 0); };
    document.addEventListener("visibilitychange", catchUp);
    document.addEventListener("focusout", catchUp);
    addEventListener("pagehide", () => events.close());
  }
})();
