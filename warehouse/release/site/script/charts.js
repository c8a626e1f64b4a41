// Each chart is saved as SVG, as PNG (twice its size, on white), and its data as CSV.
"use strict";
(function (own) {
  const SCALE = 2;

  const source = (svg) => new XMLSerializer().serializeToString(svg);

  function rows(svg) {
    const found = [...svg.querySelectorAll("g[data-label]")].map((each) => each.dataset);
    return [["项目", "数", "说明"], ...found.map((each) => [each.label, each.text, each.group || ""])];
  }

  function savePng(svg, name) {
    const image = new Image();
    image.onload = function () {
      const canvas = own.make("canvas", { width: svg.width.baseVal.value * SCALE, height: svg.height.baseVal.value * SCALE });
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => own.save(`${name}.png`, "image/png", blob));
    };
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source(svg))}`;
  }

  document.querySelectorAll("main figure").forEach(function (figure) {
    const svg = figure.querySelector("svg"), name = figure.querySelector("figcaption").textContent;
    figure.append(own.make("div", { class: "tools" },
      own.button("SVG", name, () => own.save(`${name}.svg`, "image/svg+xml", source(svg))),
      own.button("PNG", name, () => savePng(svg, name)),
      own.button("数据 CSV", name, () => own.save(`${name}.csv`, "text/csv", own.csv(rows(svg))))));
  });
})(window.nianbao);
