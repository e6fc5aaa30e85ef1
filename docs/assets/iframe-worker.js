/* Pages that are read from a folder get no workers from browsers; the search's runs in a hidden frame instead. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const waiting = []
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.append(frame)
      const inside = frame.contentWindow
      const tell = (target, data) => target.dispatchEvent(new MessageEvent("message", { data }))
      inside.postMessage = data => tell(this, data)
      inside.importScripts = async (...urls) => {
        for (const each of urls) await load(each)
      }
      const load = source =>
        new Promise((resolve, reject) => {
          const script = inside.document.createElement("script")
          script.onload = resolve
          script.onerror = reject
          script.src = source
          inside.document.body.append(script)
        })
      this.postMessage = data => waiting.push(data)
      load(url).then(() => {
        this.postMessage = data => tell(inside, data)
        waiting.forEach(this.postMessage)
      })
    }
  }
}
