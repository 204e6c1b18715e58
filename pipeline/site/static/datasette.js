// What screen readers miss on Datasette's own pages: their language, what is the page's own part,
// and names of fields. The archive's own pages do not load this.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  document.documentElement.lang ||= "en";
  document.querySelector("section.content")?.setAttribute("role", "main");
  const named = {
    "select[name^=_filter_column]": "Column",
    "select[name^=_filter_op]": "Comparison",
    "input[name^=_filter_value]": "Value",
    "select[name=_sort], select[name=_sort_desc]": "Sort by",
  };
  for (const [which, name] of Object.entries(named)) {
    for (const field of document.querySelectorAll(which)) field.setAttribute("aria-label", name);
  }
  // No level of headings is left out.
  let above = 1;
  for (const heading of document.querySelectorAll("section.content :is(h1, h2, h3, h4)")) {
    const level = Math.min(Number(heading.tagName[1]), above + 1);
    if (level !== Number(heading.tagName[1])) heading.setAttribute("aria-level", level);
    above = level;
  }
  // A table that is scrolled sideways must be reached by keyboard, too.
  for (const table of document.querySelectorAll(".table-wrapper")) table.tabIndex = 0;
  // The editor of SQL makes its field after this.
  new MutationObserver(() => {
    const made = ".CodeMirror textarea:not([aria-label]), .cm-content:not([aria-label])";
    for (const field of document.querySelectorAll(made)) {
      field.setAttribute("aria-label", "SQL");
    }
  }).observe(document.body, { childList: true, subtree: true });
});
