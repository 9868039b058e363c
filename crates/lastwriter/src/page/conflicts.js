"use strict";
// Item data goes into the page as text nodes alone, never as markup.
(() => {
  const PAGE = 100;
  const conflicts = JSON.parse(document.getElementById("conflicts-data").textContent);
  const byId = (id) => document.getElementById(id);
  const body = byId("rows").tBodies[0];
  const haystacks = conflicts.map((c) => [
    ...c.item, c.kind, c.confidence, c.id, c.found_by ?? "", c.loser.region, c.winner.region, ...c.differing_attributes,
    ...Object.values(c.loser.attributes), ...Object.values(c.winner.attributes),
  ].join("\n").toLowerCase());
  let matching = [];
  let shown = 0;

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  const options = (select, values) => {
    for (const value of [...new Set(values)].sort()) {
      const option = element("option", value);
      option.value = value;
      select.append(option);
    }
  };

  const versions = (c) => {
    const table = element("table", undefined, "versions");
    const head = element("tr");
    const sides = [[c.loser, "lost"], [c.winner, "won"]];
    head.append(element("th", "attribute"));
    for (const [side, what] of sides) {
      head.append(element("th", `${what}, ${side.region}, ${side.written_at ?? "unknown time"}`));
    }
    for (const cell of head.children) cell.scope = "col";
    table.createTHead().append(head);
    const rows = table.createTBody();
    const names = [...new Set([...Object.keys(c.loser.attributes), ...Object.keys(c.winner.attributes)])].sort();
    const differs = new Set(c.differing_attributes);
    names.sort((a, b) => differs.has(b) - differs.has(a));
    for (const name of names) {
      const row = element("tr", undefined, differs.has(name) ? "differs" : "");
      const label = element("th", name);
      label.scope = "row";
      if (differs.has(name)) label.append(element("span", "differs", "mark"));
      row.append(label);
      for (const [side] of sides) {
        const has = Object.hasOwn(side.attributes, name);
        row.append(has ? element("td", side.attributes[name]) : element("td", "none", "none"));
      }
      rows.append(row);
    }
    return table;
  };

  const rowOf = (c) => {
    const row = element("tr");
    const button = element("button", "Versions");
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!open));
      if (open) {
        row.nextElementSibling.remove();
        return;
      }
      const detail = element("tr", undefined, "open");
      const cell = element("td");
      cell.colSpan = 8;
      const by = c.found_by ? `found by ${c.found_by === "join" ? "the join" : c.found_by}; ` : "";
      cell.append(element("p", `${c.confidence}; ${by}conflict id ${c.id}`), versions(c));
      detail.append(cell);
      row.after(detail);
    });
    const last = element("td");
    last.append(button);
    const differing = c.identical ? "none: both versions look the same" : c.differing_attributes.join(", ");
    row.append(
      element("td", c.time ?? c.detected_at.slice(11, 23)),
      element("td", c.item.join(" / "), "item"),
      element("td", c.kind),
      element("td", c.loser.region),
      element("td", c.winner.region),
      element("td", String(c.lost_writes)),
      element("td", differing),
      last,
    );
    return row;
  };

  const more = () => {
    const next = matching.slice(shown, shown + PAGE);
    body.append(...next.map((at) => rowOf(conflicts[at])));
    shown += next.length;
    byId("more").hidden = shown >= matching.length;
    byId("count").textContent = `${matching.length} of ${conflicts.length} conflicts`;
  };

  const search = () => {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = byId("kind").value;
    const region = byId("region").value;
    matching = [];
    conflicts.forEach((c, at) => {
      const fits = (!kind || c.kind === kind)
        && (!region || c.loser.region === region || c.winner.region === region)
        && words.every((word) => haystacks[at].includes(word));
      if (fits) matching.push(at);
    });
    shown = 0;
    body.replaceChildren();
    more();
  };

  options(byId("kind"), conflicts.map((c) => c.kind));
  options(byId("region"), conflicts.flatMap((c) => [c.loser.region, c.winner.region]));
  const form = document.querySelector(".filter");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", search);
  byId("more").addEventListener("click", more);
  form.hidden = false;
  byId("rows").hidden = false;
  search();
})();
