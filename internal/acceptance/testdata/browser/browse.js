// browse.js CHROMIUM ADDRESS BUTTON: a person opens an address, presses a button there, and looks at where that leads to. What was
// seen is printed as JSON, the page after a reload.
import { chromium } from 'playwright-core'

const [, , executablePath, address, button] = process.argv
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  const page = await browser.newPage()
  const requests = [], complaints = []
  page.on('request', (r) => requests.push(r.method() + ' ' + r.url()))
  page.on('console', (m) => complaints.push(m.text()))
  page.on('pageerror', (e) => complaints.push(String(e)))
  await page.goto(address)
  const consent = new URL(page.url()).origin
  await page.getByRole('button', { name: button, exact: true }).click()
  // Whoever serves the page is about to end: the reload comes at once.
  await page.waitForURL((url) => url.origin !== consent && url.search === '', { waitUntil: 'commit' })
  const first = page.url()
  await page.reload()
  const shown = {
    url: page.url(),
    title: await page.title(),
    text: await page.locator('body').innerText(),
    source: await page.content(),
    bar: await page.locator('h1').evaluate((h) => getComputedStyle(h).borderLeftColor),
    scripts: await page.locator('script').count()
  }
  await page.goBack()
  const back = page.url()
  console.log(JSON.stringify({ first, shown, back, requests, complaints }))
} finally {
  await browser.close()
}
