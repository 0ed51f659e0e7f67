// Names for what Material leaves without one, so that a screen reader can tell them apart.
document$.subscribe(() =>
  requestAnimationFrame(() => {
    document.querySelector(".md-search")?.setAttribute("aria-label", "Search")
    document.querySelectorAll("nav.md-nav[aria-labelledby]").forEach((nav, number) => {
      const label = document.getElementById(nav.getAttribute("aria-labelledby"))
      nav.removeAttribute("aria-labelledby")
      nav.setAttribute("aria-label", `${label?.innerText.trim() || "Pages"} (${number + 1})`)
    })
    document.querySelectorAll(".md-code__nav").forEach((nav, number) => {
      nav.setAttribute("aria-label", `Code ${number + 1}`)
    })
    document.querySelectorAll(".md-typeset__scrollwrap").forEach((table, number) => {
      table.tabIndex = 0
      table.setAttribute("role", "region")
      table.setAttribute("aria-label", `Table ${number + 1}`)
    })
  }),
)
