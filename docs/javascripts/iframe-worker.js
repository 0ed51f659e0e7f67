// Search in a site that was opened as a file: there browsers start no worker, so that its script
// runs in a hidden frame instead. (MkDocs Material takes such a script from the internet otherwise.)
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(address) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.frame.title = "Search"
      this.ready = new Promise((resolve) => {
        const start = () => {
          document.body.append(this.frame)
          const inside = this.frame.contentWindow
          inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }))
          inside.importScripts = (...addresses) => Promise.all(addresses.map((a) => this.load(a)))
          this.load(address).then(resolve)
        }
        document.body ? start() : addEventListener("DOMContentLoaded", start)
      })
    }

    load(address) {
      return new Promise((resolve, reject) => {
        const script = this.frame.contentDocument.createElement("script")
        Object.assign(script, { src: address, onload: resolve, onerror: reject })
        this.frame.contentDocument.body.append(script)
      })
    }

    postMessage(data) {
      this.ready.then(() => {
        this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }))
      })
    }

    terminate() {
      this.frame.remove()
    }
  }
  window.Worker = window.IFrameWorker
}
