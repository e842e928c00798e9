// Without this script the tables are as they are: sorted, but not by choice.
const collator = new Intl.Collator(undefined, { numeric: true });

function valueOf(row, column) {
  const cell = row.cells[column];
  return cell.dataset.key ?? cell.textContent.trim();
}

function compare(a, b) {
  const [x, y] = [a, b].map((text) => Number(text.replaceAll(",", "")));
  return Number.isNaN(x - y) ? collator.compare(a, b) : x - y;
}

function sort(table, head, column) {
  const upward = head.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", upward ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  const known = rows.filter((row) => valueOf(row, column) !== "–");
  const unknown = rows.filter((row) => valueOf(row, column) === "–");
  known.sort((a, b) => compare(valueOf(a, column), valueOf(b, column)));
  if (!upward) known.reverse();
  table.tBodies[0].append(...known, ...unknown);
}

for (const hint of document.querySelectorAll("[hidden]")) hint.hidden = false;
for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, head, column));
    head.append(button);
  });
}
