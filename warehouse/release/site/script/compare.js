// Two to four schools and one or two years side by side. What is chosen stands in the address (#schools=…&years=…).
// A school's numbers are in data/schools/CODE.js: year → a place for each indicator of data/indicators.js, which is
// text (it has a source), [text, note] (so has it), [text] (why there is none), or null.
"use strict";
(function (own) {
  const MOST = 4;
  const choice = document.getElementById("choice"), result = document.getElementById("result");
  const first = choice.querySelector("select");
  const schools = new Map([...first.options].map((option) => [option.value, option.textContent]));
  const years = [...choice.querySelectorAll("input[type=checkbox]")];
  const shown = choice.dataset.schools.split(",");
  choice.hidden = false;

  const selects = [first];
  for (let number = 1; number < MOST; number += 1) {
    const select = first.cloneNode(true);
    select.id = `school-${number + 1}`;
    if (number > 1) select.prepend(own.make("option", { value: "" }, "（不选）"));
    const label = own.make("label", { for: select.id }, `学校 ${number + 1}`);
    first.parentNode.parentNode.append(own.make("p", null, label, select));
    selects.push(select);
  }

  // Only what can be chosen is taken from the address.
  function chosen() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const codes = (asked.get("schools") || "").split(",").filter((code) => schools.has(code)).slice(0, MOST);
    const of = (asked.get("years") || "").split(",").filter((year) => years.some((each) => each.value === year));
    const others = shown.filter((code) => !codes.includes(code)).slice(0, Math.max(0, 2 - codes.length));
    return { codes: [...new Set([...codes, ...others])],
      years: of.length ? [...new Set(of)].slice(0, 2).sort() : years.map((each) => each.value).slice(0, 2).sort() };
  }

  function address(codes, of) {
    location.hash = `schools=${codes.join(",")}&years=${of.sort().join(",")}`;
  }

  function cellOf(value, indicator, year, code) {
    if (value === null) return own.make("td", { class: "n" }, own.make("span", { class: "absent" }, "—"));
    if (Array.isArray(value) && value.length === 1) {
      return own.make("td", { class: "n" }, own.make("span", { class: "absent" }, value[0]));
    }
    const [text, note] = [].concat(value);
    const key = `${indicator[0]}-${year}-${code}-school-value`;
    const link = own.make("a", { class: "source", href: `sources/${indicator[3]}-${code}.html#${key}`, title: "查看来源" }, text);
    return own.make("td", { class: "n" }, link, note ? " " : null, note ? own.make("small", { class: "note" }, note) : null);
  }

  function table(title, indicators, of, states) {
    const heads = [own.make("th", { scope: "col" }, "指标"), own.make("th", { scope: "col" }, "单位")];
    of.codes.forEach((code) => of.years.forEach((year) =>
      heads.push(own.make("th", { scope: "col", class: "n" }, schools.get(code), own.make("br"), `${year}年`))));
    const rows = indicators.map(function ([place, indicator]) {
      const name = own.make("a", { href: `indicators/${indicator[0]}.html` }, indicator[1]);
      return own.make("tr", null, own.make("th", { scope: "row" }, name), own.make("td", null, indicator[2]),
        ...of.codes.flatMap((code, number) => of.years.map((year) =>
          cellOf((states[number].years[year] || [])[place] || null, indicator, year, code))));
    });
    const box = own.make("div", { class: "scroll", role: "group", "aria-label": title, tabindex: "0" },
      own.make("table", { class: "wide" }, own.make("caption", null, title),
        own.make("thead", null, own.make("tr", null, ...heads)), own.make("tbody", null, ...rows)));
    return own.make("section", null, own.make("h2", null, title), box);
  }

  function hasOne(place, of, states) {
    return states.some((state) => of.years.some(function (year) {
      const value = (state.years[year] || [])[place];
      return typeof value === "string" || (Array.isArray(value) && value.length === 2);
    }));
  }

  async function render() {
    const of = chosen();
    selects.forEach((select, number) => { select.value = of.codes[number] || ""; });
    years.forEach((each) => { each.checked = of.years.includes(each.value); });
    const indicators = await own.load("indicators", "data/indicators.js");
    const states = await Promise.all(of.codes.map((code) => own.load(`school:${code}`, `data/schools/${code}.js`)));
    let place = 0;
    const parts = indicators.map(function ([title, entries]) {
      const placed = entries.map((entry) => [place++, entry]);
      const told = placed.filter(([at]) => hasOne(at, of, states));
      return told.length ? table(title, told, of, states) : null;
    });
    result.replaceChildren(...parts.filter(Boolean));
    own.equip(result);
  }

  choice.addEventListener("change", function (event) {
    const codes = [...new Set(selects.map((select) => select.value).filter(Boolean))];
    let of = years.filter((each) => each.checked).map((each) => each.value);
    if (of.length > 2) of = [event.target.value, of.find((year) => year !== event.target.value)];
    if (codes.length < 2) {
      own.say("请选择两所不同的学校。");
      return;
    }
    address(codes, of);
  });
  window.addEventListener("hashchange", () => render().then(() => own.say("已按所选的学校和年度列出。")));
  if (location.hash) render();
})(window.nianbao);
