// Sorting and filtering of the table of hosts. Without it the page is a table in the order of names.
(function () {
  "use strict";
  const table = document.querySelector(".hosts");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  if (rows.length < 2) {
    return;
  }
  const heads = Array.from(table.tHead.rows[0].cells);
  const tools = document.querySelector(".tools");
  const search = document.getElementById("search");
  const trouble = document.getElementById("trouble");
  const count = document.getElementById("count");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const collator = new Intl.Collator(undefined, { numeric: true });

  function valueOf(row, column) {
    return row.cells[column].dataset.value;
  }

  function sort(column, descending) {
    const numeric = heads[column].classList.contains("number");
    const sign = descending ? -1 : 1;
    const sorted = rows.slice().sort(function (one, other) {
      const a = valueOf(one, column);
      const b = valueOf(other, column);
      return sign * (numeric ? a - b : collator.compare(a, b));
    });
    body.append(...sorted);
    heads.forEach((head, index) =>
      index === column
        ? head.setAttribute("aria-sort", descending ? "descending" : "ascending")
        : head.removeAttribute("aria-sort")
    );
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = texts.get(row);
      const fits = words.every((word) => text.includes(word));
      row.hidden = !fits || (trouble.checked && row.dataset.trouble !== "1");
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = shown + " of " + rows.length + " hosts shown";
  }

  heads.forEach(function (head, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", function () {
      const before = head.getAttribute("aria-sort");
      const first = head.classList.contains("number") ? "descending" : "ascending";
      sort(column, (before === null ? first : before === "ascending" ? "descending" : "ascending") === "descending");
    });
  });
  search.addEventListener("input", filter);
  trouble.addEventListener("change", filter);
  tools.hidden = false;
  filter();
})();
