// Draws the lineage of models and columns (documentation/graph.py) with Cytoscape: all of it on the
// page of the lineage, the neighbours of a model on its page.
{
  const MANY = 300 // models, from which on a quicker layout is taken
  const graph = window.LINEAGE
  const holder = document.querySelector(".lineage")
  const site = holder.dataset.site
  const around = holder.dataset.around
  const readers = {}
  for (const [name, model] of Object.entries(graph)) {
    for (const above of model.reads) (readers[above] ??= []).push(name)
  }
  const users = {}
  for (const [name, model] of Object.entries(graph)) {
    for (const [column, parents] of Object.entries(model.columns)) {
      for (const parent of parents) (users[parent] ??= []).push(`${name}.${column}`)
    }
  }

  const modelOf = (id) => (id in graph ? id : id.slice(0, id.lastIndexOf(".")))
  const parentsOf = (column) => graph[modelOf(column)].columns[column.slice(modelOf(column).length + 1)]
  const address = (name) => `${site}models/${name.replace(".", "/")}.html`
  const isKnown = (id) => id in graph || (modelOf(id) in graph && parentsOf(id) !== undefined)

  // All that is reached from some ids by steps, with them.
  const reached = (id, steps) => {
    const found = new Set([id])
    for (const each of found) for (const next of steps(each) ?? []) found.add(next)
    return found
  }

  const make = (tag, attributes = {}, ...inside) => {
    const element = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
    element.append(...inside)
    return element
  }

  const button = (label, title, act) => {
    const made = make("button", { type: "button", class: "md-button", "aria-label": title, title }, label)
    made.addEventListener("click", act)
    return made
  }

  // Of the models that a model reads, those that it reads by way of another too.
  const ancestors = {} // models stand before those that read them
  for (const [name, model] of Object.entries(graph)) {
    ancestors[name] = new Set(model.reads.flatMap((above) => [above, ...ancestors[above]]))
  }
  const isShortcut = (above, name) => graph[name].reads.some((other) => ancestors[other].has(above))

  // ------------------------------------------------------------------ the picture

  const canvas = make("div", { class: "graph", role: "img" })
  canvas.setAttribute("aria-label", around ? `What ${around} reads, and who reads it` : "All models")

  holder.append(canvas)

  const style = () => {
    const colours = getComputedStyle(document.body)
    const colour = (name) => colours.getPropertyValue(name).trim()
    const layers = ["bronze", "silver", "quarantine", "quality", "gold", "analytics"]
    return [
      {
        selector: "node",
        style: {
          shape: "round-rectangle", label: "data(label)", width: "data(width)", height: "data(height)",
          "text-valign": "center", "text-halign": "center", "text-wrap": "wrap", "font-size": 15,
          "font-family": "system-ui, sans-serif", "line-height": 1.25, color: colour("--box-text"),
          "background-color": colour("--layer-bronze"), "border-width": 1,
          "border-color": colour("--box-line"),
        },
      },
      ...layers.map((layer) => ({
        selector: `node[layer = "${layer}"]`,
        style: { "background-color": colour(`--layer-${layer}`) },
      })),
      { selector: "node[?helper]", style: { "border-style": "dashed" } },
      {
        selector: "edge",
        style: {
          width: 1.2, "curve-style": "bezier", "line-color": colour("--box-line"),
          "target-arrow-shape": "triangle", "target-arrow-color": colour("--box-line"),
          "arrow-scale": 0.8,
        },
      },
      { selector: "edge.shortcut", style: { display: "none" } },
      { selector: "edge.shortcut.lit", style: { display: "element" } },
      { selector: ".rest", style: { opacity: 0.12 } },
      { selector: ".away", style: { display: "none" } },
      { selector: "edge.lit", style: { width: 2.4 } },
      { selector: "node.chosen", style: { "border-width": 4, "font-weight": "bold" } },
    ]
  }

  const lines = (name, columns) => [...name.split(/(?<=\.)/), ...columns]
  const box = (name, columns = []) => {
    const said = lines(name, columns)
    return {
      label: said.join("\n"),
      width: Math.max(90, 9 * Math.max(...said.map((line) => line.length)) + 18),
      height: 17 * said.length + 14,
    }
  }

  const near = around && [around, ...graph[around].reads, ...(readers[around] ?? [])]
  const names = near ? Object.keys(graph).filter((name) => near.includes(name)) : Object.keys(graph)
  const cy = cytoscape({
    container: canvas,
    elements: [
      ...names.map((name) => ({
        data: { id: name, layer: name.split(".")[0], helper: graph[name].helper, ...box(name) },
      })),
      ...names.flatMap((name) =>
        graph[name].reads
          .filter((above) => names.includes(above) && (!near || name === around || above === around))
          .map((above) => ({
            data: { id: `${above}>${name}`, source: above, target: name },
            classes: !near && isShortcut(above, name) ? "shortcut" : "",
          })),
      ),
    ],
    style: style(),
    minZoom: 0.05,
    maxZoom: 3,
    userZoomingEnabled: !around, // on a model's page the wheel scrolls the page
    autoungrabify: true,
    boxSelectionEnabled: false,
  })
  const overview = () => cy.elements().not(".shortcut")
  const fit = (elements, most) => {
    cy.fit(elements, 20)
    if (cy.zoom() > most) cy.zoom(most) && cy.center(elements)
  }
  const lay = (elements) => {
    const ranker = elements.nodes().length > MANY ? "longest-path" : "network-simplex"
    elements.layout({ name: "dagre", rankDir: "LR", ranker, nodeSep: 12, rankSep: 45, fit: false }).run()
    fit(elements, 1)
  }
  new MutationObserver(() => cy.style(style())).observe(document.body, {
    attributes: true,
    attributeFilter: ["data-md-color-scheme"],
  })

  // ------------------------------------------------------------------ what is lit

  const told = make("div", { class: "told", "aria-live": "polite" })

  const restore = () => {
    const changed = cy.nodes(".away, [?marked]").nonempty()
    cy.elements().removeClass("rest away lit chosen")
    cy.nodes("[?marked]").forEach((node) => void node.data({ ...box(node.id()), marked: false }))
    if (changed) cy.nodes().positions((node) => places[node.id()])
  }

  const light = (lit, away) => {
    cy.elements().difference(lit).addClass(away ? "away" : "rest")
    lit.edges().addClass("lit")
    if (away) lay(lit)
    else fit(lit, 1)
  }

  const choose = (id) => {
    restore()
    told.replaceChildren()
    if (!isKnown(id)) return fit(cy.elements(), 1)
    const model = modelOf(id)
    const up = reached(id, id === model ? (each) => graph[each].reads : parentsOf)
    const down = reached(id, (each) => (id === model ? readers : users)[each])
    cy.getElementById(model).addClass("chosen")
    if (id === model) {
      const within = (side) => (edge) => side.has(edge.source().id()) && side.has(edge.target().id())
      const nodes = cy.nodes().filter((node) => up.has(node.id()) || down.has(node.id()))
      const edges = overview().edges()
      light(nodes.union(edges.filter(within(up))).union(edges.filter(within(down))), false)
    } else {
      const columns = {}
      const pairs = new Set()
      for (const each of new Set([...up, ...down])) {
        ;(columns[modelOf(each)] ??= []).push(each.slice(modelOf(each).length + 1))
        for (const above of parentsOf(each)) pairs.add(`${modelOf(above)}>${modelOf(each)}`)
      }
      const nodes = cy.nodes().filter((node) => node.id() in columns)
      nodes.forEach((node) => void node.data({ ...box(node.id(), columns[node.id()]), marked: true }))
      light(nodes.union(cy.edges().filter((edge) => pairs.has(edge.id()))), true)
    }
    tell(id, up, down)
  }

  const list = (title, ids) => {
    const shown = [...ids].map((each) => button(each, `Light ${each}`, () => go(each)))
    const details = make("details", {}, make("summary", {}, `${title}: ${ids.size}`), ...shown)
    return ids.size ? details : make("p", {}, `${title}: none`)
  }

  const tell = (id, up, down) => {
    const model = modelOf(id)
    const others = (side) => new Set([...side].filter((each) => each !== id))
    const columns = Object.keys(graph[model].columns).map((column) => `${model}.${column}`)
    const hash = id === model ? "" : `#${id.slice(model.length + 1)}`
    told.append(
      make("p", {}, make("strong", {}, id), " ", make("a", { href: address(model) + hash }, "Open its page")),
      list("Depends on", others(up)),
      list("Others that depend on it", others(down)),
      list("Columns", new Set(columns)),
    )
  }

  const go = (id) => {
    history.replaceState(null, "", id ? `#${id}` : location.pathname)
    find.value = id
    choose(id)
  }

  // ------------------------------------------------------------------ the page

  const zoom = (by) => cy.zoom({ level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } })
  const find = make("input", { type: "search", list: "lineage-names", id: "lineage-find", autocomplete: "off" })
  find.placeholder = "gold.fct_watches"
  const offered = make("datalist", { id: "lineage-names" })
  const all = Object.entries(graph).flatMap(([name, model]) => [
    name,
    ...Object.keys(model.columns).map((column) => `${name}.${column}`),
  ])
  // The best of what holds the typed text: models before columns, short names before long ones.
  const matches = (text) =>
    all
      .filter((id) => id.includes(text))
      .sort((a, b) => (b in graph) - (a in graph) || a.length - b.length || a.localeCompare(b))
  find.addEventListener("input", () => {
    const text = find.value.trim().toLowerCase()
    offered.replaceChildren(...matches(text).slice(0, 12).map((value) => make("option", { value })))
    if (isKnown(text)) go(text)
  })
  const form = make(
    "form",
    { class: "tools" },
    ...(around ? [] : [make("label", { for: "lineage-find" }, "Model or column"), find, offered]),
    button("+", "Zoom in", () => zoom(1.4)),
    button("−", "Zoom out", () => zoom(1 / 1.4)),
    button("All", "Show all", () => (around ? fit(cy.elements(), 1) : go(""))),
  )
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const [best] = matches(find.value.trim().toLowerCase())
    if (best) go(best)
  })

  canvas.before(form)
  canvas.after(told)
  cy.resize()
  lay(overview())
  const places = Object.fromEntries(cy.nodes().map((node) => [node.id(), { ...node.position() }]))
  if (around) {
    cy.getElementById(around).addClass("chosen")
    cy.on("tap", "node", (event) => location.assign(address(event.target.id())))
  } else {
    cy.on("tap", "node", (event) => go(event.target.id()))
    cy.on("tap", (event) => event.target === cy && go(""))
    const asked = () => {
      const id = decodeURIComponent(location.hash.slice(1))
      if (isKnown(id)) go(id)
    }
    addEventListener("hashchange", asked)
    asked()
  }
  cy.on("resize", () => fit(cy.elements().not(".rest, .away"), 1))
  // For the tests: the graph, and how long after the page was asked for it was there.
  holder.graph = cy
  cy.one("render", () => (holder.dataset.drawn = performance.now()))
}
