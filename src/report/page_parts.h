/* The page without its data: src/report/page and the library that draws (page_parts.c is
 * generated). */
#ifndef LORE_REPORT_PAGE_PARTS_H
#define LORE_REPORT_PAGE_PARTS_H

/* page.html, page.css, the scripts one after the other, and Chart.js: "" if configure found none.
 */
extern const char lore_page_html[], lore_page_css[], lore_page_js[], lore_page_library[];

#endif
