"use strict";
// Reads the list anew while the page is seen. The server has escaped what comes from items, and the page's policy lets no
// script or style of an answer run.
(() => {
  const byId = (id) => document.getElementById(id);
  const follow = byId("follow");
  const said = byId("said");
  let asking = false;

  const openFolds = (within) => [...within.querySelectorAll("details")].map((fold) => fold.open);

  const replace = (live, fresh) => {
    const known = new Set([...live.querySelectorAll("tr[id]")].map((row) => row.id));
    const folds = openFolds(live);
    const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
    for (const row of fresh.querySelectorAll("tr[id]")) {
      if (known.size > 0 && !known.has(row.id)) row.classList.add("new");
    }
    const charts = fresh.querySelectorAll("details");
    if (charts.length === folds.length) charts.forEach((fold, at) => { fold.open = folds[at]; });
    live.replaceWith(document.adoptNode(fresh));
    if (focused) byId(focused)?.focus({ preventScroll: true });
  };

  const look = async () => {
    const live = byId("live");
    // What is marked is about to be copied.
    if (asking || !follow.checked || document.hidden || !document.getSelection().isCollapsed) return;
    asking = true;
    try {
      const answer = await fetch(live.dataset.source, { cache: "no-store", redirect: "error" });
      if (!answer.ok) throw new Error(answer.statusText);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
      const more = Number(fresh.dataset.entries) - Number(live.dataset.entries);
      if (fresh.dataset.version !== live.dataset.version) replace(live, fresh);
      if (more > 0) said.textContent = more === 1 ? "1 new entry." : `${more} new entries.`;
      else if (said.className) said.textContent = "";
      said.className = "";
    } catch {
      said.textContent = "The page's server does not answer: what you see is not up to date.";
      said.className = "stale";
    } finally {
      asking = false;
    }
  };

  follow.closest("div").hidden = false;
  setInterval(look, Number(byId("live").dataset.seconds) * 1000);
  document.addEventListener("visibilitychange", look);
  follow.addEventListener("change", look);
})();
