// Search over what data/search.js lists: [kind, title, what it is, address, further words].
"use strict";
(function (own) {
  const SHOWN = 20;
  const ENOUGH = 0.6; // of a word's pairs of characters
  const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/[\s·,，、。：:；;（）()“”"《》〈〉]+/g, " ").trim();

  function pairs(word) {
    const found = [];
    for (let at = 0; at + 2 <= word.length; at += 1) found.push(word.slice(at, at + 2));
    return found;
  }

  function share(parts, text) {
    return parts.length ? parts.filter((part) => text.includes(part)).length / parts.length : 0;
  }

  // From 100 (it is called so) to 0 (nothing of it is there).
  function score(word, parts, title, more) {
    if (title === word) return 100;
    if (title.startsWith(word)) return 80;
    if (title.includes(word)) return 70;
    if (more.includes(word)) return 40;
    const near = share(parts, title);
    if (near >= ENOUGH) return 30 * near;
    if (word.length > 2 && [...word].every((letter) => title.includes(letter))) return 15;
    return share(parts, more) >= ENOUGH ? 10 : 0;
  }

  own.find = function (entries, query) {
    const words = plain(query).split(" ").filter(Boolean).map((word) => [word, pairs(word)]);
    if (!words.length) return [];
    const found = [];
    entries.forEach(function (entry) {
      entry.plain = entry.plain || [plain(entry[1]), plain(`${entry[2]} ${entry[4]}`)];
      const scores = words.map(([word, parts]) => score(word, parts, ...entry.plain));
      if (scores.every((each) => each > 0)) {
        found.push([scores.reduce((sum, each) => sum + each) - entry.plain[0].length / 100, entry]);
      }
    });
    return found.sort((one, other) => other[0] - one[0]).map(([, entry]) => entry);
  };

  const box = document.querySelector(".search");
  const input = box.querySelector("input"), list = box.querySelector("ul"), told = box.querySelector("[role=status]");
  box.hidden = false;

  function show(entries) {
    const found = own.find(entries, input.value), isAsked = Boolean(input.value.trim());
    list.replaceChildren(...found.slice(0, SHOWN).map(([kind, title, what, address]) =>
      own.make("li", null, own.make("a", { href: own.root + address }, own.make("span", { class: "kind" }, kind), title),
        own.make("small", null, what))));
    const more = found.length > SHOWN ? `，列出前 ${SHOWN} 条` : "";
    told.textContent = !isAsked ? "" : found.length ? `找到 ${found.length} 条${more}` : "没有找到，请换一个说法";
    box.classList.toggle("open", isAsked);
  }

  const search = () => own.load("search", "data/search.js").then(show);
  input.addEventListener("focus", () => own.load("search", "data/search.js"));
  input.addEventListener("input", search);
  box.addEventListener("keydown", function (event) {
    const links = [...list.querySelectorAll("a")], at = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      input.value = "";
      show([]);
      input.focus();
    } else if (event.key === "Enter" && document.activeElement === input && links.length) {
      links[0].click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = [input, ...links][at + 1 + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) {
        event.preventDefault();
        next.focus();
      }
    }
  });
})(window.nianbao);
