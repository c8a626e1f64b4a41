// What the scripts of the pages share. Plain scripts, no modules and no fetch: pages open from a disk (file:).
// Text goes into a page through textContent only.
"use strict";
window.nianbao = window.nianbao || { data: {} };
(function (own) {
  own.root = document.currentScript.getAttribute("data-root");

  own.make = function (name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  };

  // A data file is a script that puts its content into own.data: read once, when it is needed.
  const loading = {};
  own.load = function (name, path) {
    if (!loading[name]) {
      loading[name] = new Promise(function (done, failed) {
        const script = own.make("script", { src: own.root + path, on: { load: () => done(own.data[name]), error: failed } });
        document.head.append(script);
      });
    }
    return loading[name];
  };

  own.say = function (words) {
    own.said = own.said || document.body.appendChild(own.make("p", { role: "status", class: "said" }));
    own.said.textContent = words;
  };

  // The same as as_text in sources/system/plain_text.py: a spreadsheet must not run what a school typed.
  const FORMULA = /^(?:[=+\-@\t\r\n]|[＝＋－＠][^])/;
  const NUMBER = /^[+-]?\d[\d,]*(\.\d+)?%?$/;
  own.asText = (text) => (FORMULA.test(text) && !NUMBER.test(text) ? "'" + text : text);
  own.isNumber = (text) => NUMBER.test(text);

  own.csv = function (rows) {
    const quoted = (text) => (/[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text);
    return "\ufeff" + rows.map((row) => row.map((cell) => quoted(own.asText(cell))).join(",") + "\r\n").join("");
  };

  own.tsv = (rows) => rows.map((row) => row.map((cell) => own.asText(cell.replace(/\s+/g, " "))).join("\t")).join("\r\n");

  // As Excel reads it from the clipboard: numbers are numbers, everything else stays the text that it is.
  own.html = function (rows) {
    const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    const cell = (text) => `<td${own.isNumber(text) ? "" : " style=\"mso-number-format:'\\@'\""}>${escaped(own.asText(text))}</td>`;
    return `<meta charset="utf-8"><table>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("")}</table>`;
  };

  // A browser gives its clipboard to pages of a disk and of plain http only in this way.
  own.copy = function (rows) {
    const fill = function (event) {
      event.preventDefault();
      event.clipboardData.setData("text/plain", own.tsv(rows));
      event.clipboardData.setData("text/html", own.html(rows));
    };
    document.addEventListener("copy", fill);
    const done = document.execCommand("copy");
    document.removeEventListener("copy", fill);
    own.say(done ? `已复制 ${rows.length} 行，可以粘贴到 Excel。` : "浏览器不允许复制，请用“下载 CSV”。");
  };

  own.save = function (name, type, content) {
    const address = URL.createObjectURL(new Blob([content], { type: type }));
    own.make("a", { href: address, download: name.replace(/[\\/:*?"<>|\s]+/g, "_") }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  };

  own.button = (label, of, act) =>
    own.make("button", { type: "button", "aria-label": `${label}：${of}`, on: { click: act } }, label);
})(window.nianbao);
