// Tables sort, filter, are copied as Excel expects, and are saved as CSV.
"use strict";
(function (own) {
  const ROWS_TO_SORT = 4, ROWS_TO_FILTER = 12;
  const order = new Intl.Collator("zh-CN", { numeric: true });

  // [text, condition]: what stands beside a number in small print goes into a column of its own.
  function read(cell) {
    const copy = cell.cloneNode(true);
    const notes = [...copy.querySelectorAll(".note, .trend")];
    copy.querySelectorAll("button, .note, .trend").forEach((each) => each.remove());
    copy.querySelectorAll("br").forEach((each) => each.replaceWith(" "));
    return [copy.textContent.trim().replace(/\s+/g, " "), notes.map((note) => note.textContent.trim()).join("，")];
  }

  function grid(table) {
    const rows = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(read));
    const noted = (rows[0] || []).map((_, column) => rows.some((row) => row[column] && row[column][1]));
    return rows.map((row, number) =>
      row.flatMap(([text, note], column) => (noted[column] ? [text, number ? note : `${text}（说明）`] : [text])));
  }

  function number(text) {
    const found = text.match(/-?\d+(\.\d+)?/);
    return found ? Number(found[0]) : null;
  }

  function sortable(table) {
    const body = table.tBodies[0];
    return table.tBodies.length === 1 && table.tHead && table.tHead.rows.length === 1 && body.rows.length >= ROWS_TO_SORT &&
      !body.querySelector("[rowspan], [colspan]") && [...body.rows].every((row) => row.cells[0].textContent.trim());
  }

  function addSorting(table) {
    const body = table.tBodies[0], original = [...body.rows];
    [...table.tHead.rows[0].cells].forEach(function (head, column) {
      const name = read(head)[0], isNumber = head.classList.contains("n");
      const button = own.make("button", { type: "button", class: "sort", "aria-label": `按“${name}”排序` }, "↕");
      button.addEventListener("click", function () {
        const next = { none: isNumber ? "descending" : "ascending", ascending: isNumber ? "none" : "descending",
          descending: isNumber ? "ascending" : "none" }[head.getAttribute("aria-sort") || "none"];
        table.tHead.querySelectorAll("th").forEach(function (each) {
          each.removeAttribute("aria-sort");
          each.querySelector(".sort").textContent = "↕";
        });
        if (next !== "none") head.setAttribute("aria-sort", next);
        button.textContent = { none: "↕", ascending: "↑", descending: "↓" }[next];
        const totals = original.filter((row) => row.classList.contains("total"));
        const keyed = original.filter((row) => !totals.includes(row)).map((row) => [row, read(row.cells[column])[0]]);
        const sign = next === "descending" ? -1 : 1;
        if (next !== "none") {
          keyed.sort(function ([, one], [, other]) {
            if (!isNumber) return sign * order.compare(one, other);
            const [a, b] = [number(one), number(other)];
            if (a === null || b === null) return (a === null) - (b === null);
            return sign * (a - b);
          });
        }
        body.append(...(next === "none" ? original : [...keyed.map(([row]) => row), ...totals]));
        own.say(next === "none" ? "已恢复原来的顺序。" : `已按“${name}”${next === "ascending" ? "从小到大" : "从大到小"}排序。`);
      });
      head.append(button);
    });
  }

  function filterOf(table, caption) {
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    if (rows.length < ROWS_TO_FILTER || table.tBodies[0].querySelector("[rowspan]")) return null;
    const plain = (text) => text.normalize("NFKC").toLowerCase();
    const input = own.make("input", { type: "search", placeholder: "筛选", "aria-label": `筛选：${caption}`, autocomplete: "off" });
    input.addEventListener("input", function () {
      const words = plain(input.value).split(/\s+/).filter(Boolean);
      rows.forEach((row) => { row.hidden = !words.every((word) => plain(row.textContent).includes(word)); });
      own.say(`显示 ${rows.filter((row) => !row.hidden).length} 行，共 ${rows.length} 行。`);
    });
    return input;
  }

  own.equip = function (part) {
    part.querySelectorAll(".scroll > table").forEach(function (table) {
      const caption = table.caption ? table.caption.textContent : document.title;
      const tools = own.make("div", { class: "tools" }, filterOf(table, caption),
        own.button("复制", caption, () => own.copy(grid(table))),
        own.button("下载 CSV", caption, () => own.save(`${caption}.csv`, "text/csv", own.csv(grid(table)))));
      table.parentNode.before(tools);
      if (sortable(table)) addSorting(table);
    });
  };

  if (!document.body.classList.contains("sources")) own.equip(document.querySelector("main"));
})(window.nianbao);
