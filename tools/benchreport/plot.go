package main

import (
	"fmt"
	"math"
	"strings"
)

// style reads well on light and dark pages alike.
const style = `<style>
    .card { fill: #ffffff; stroke: #d0d7de; } .text { fill: #1f2328; } .soft { fill: #59636e; } .head { font-weight: 600; font-size: 16px; }
    .ours { fill: #1a7f37; } .other { fill: #8c959f; } .light { opacity: .45; } .grid { stroke: #d0d7de; } .range { stroke: #0969da; stroke-width: 6; stroke-linecap: round; opacity: .45; } .dot { fill: #0969da; }
    @media (prefers-color-scheme: dark) {
      .card { fill: #0d1117; stroke: #3d444d; } .text { fill: #f0f6fc; } .soft { fill: #9198a1; } .ours { fill: #3fb950; } .other { fill: #656c76; }
      .grid { stroke: #3d444d; } .range { stroke: #58a6ff; } .dot { fill: #58a6ff; }
    }
  </style>`

func svg(height int, title, body string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 %[1]d" width="820" height="%[1]d" role="img" aria-labelledby="title" font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="14">
  <title id="title">%[2]s</title>
  %[3]s
  <rect class="card" x=".5" y=".5" width="819" height="%[4]d" rx="8"/>
  <text class="text head" x="20" y="32">%[2]s</text>
%[5]s</svg>
`, height, title, style, height-1, body)
}

// peoplePlot shows how often a person was needed.
func peoplePlot(r run) string {
	var most float64
	for _, kind := range []string{"strict", "grace"} {
		for _, w := range ways {
			most = max(most, r.results["Alternatives/"+kind+"/"+w.bench]["people"])
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "  <text class=\"soft\" x=\"20\" y=\"54\">Above: the server ends the authorization at a second use of a token. Below: it forgives one for a minute.</text>\n")
	for n, w := range ways {
		y := 80 + 52*n
		class := "other"
		if n == 0 {
			class = "ours"
		}
		fmt.Fprintf(&out, "  <text class=\"text\" x=\"170\" y=\"%d\" text-anchor=\"end\">%s</text>\n", y+22, strings.ReplaceAll(w.label, "`", ""))
		for i, kind := range []string{"strict", "grace"} {
			people := r.results["Alternatives/"+kind+"/"+w.bench]["people"]
			width := max(2, people/most*560)
			light := ""
			if i == 1 {
				light = " light"
			}
			fmt.Fprintf(&out, "  <rect class=\"%s%s\" x=\"184\" y=\"%d\" width=\"%.0f\" height=\"16\"/><text class=\"text\" x=\"%.0f\" y=\"%d\">%s</text>\n",
				class, light, y+18*i, width, 184+width+8, y+18*i+13, figure(people))
		}
	}
	return svg(80+52*len(ways), "How often a person had to log in again", out.String())
}

// ratioPlot shows the ratios of the comparisons, least to greatest, on a logarithmic scale.
func ratioPlot(r run) string {
	compared := []row{
		{"Rotation/file", "rotation, files : x/oauth2"}, {"Rotation/sealed", "rotation, sealed files : x/oauth2"}, {"Rotation/postgres", "rotation, PostgreSQL : x/oauth2"},
		{"Plan/1000_fresh/small", "plan of 1,000 : two attributes each"}, {"Plan/1000_fresh/wide", "plan of 1,000 : as many attributes"},
		{"Plan/1000_new", "plan of 1,000 new : as many attributes"}, {"Plan/10000_new", "plan of 10,000 new : as many attributes"},
		{"StartUp/bare", "start-up : an empty provider"}, {"StartUp/hashicorp_time", "start-up : hashicorp/time"},
		{"Proxy/OneByOne", "request by proxy : bare proxy"}, {"Proxy/AtOnce", "32 at once : bare proxy"}, {"Proxy/Large64MiB", "64 MiB by proxy : bare proxy"},
	}
	greatest := 10.0
	for _, c := range compared {
		greatest = max(greatest, r.results[c.bench]["ratio-max"])
	}
	decades := math.Ceil(math.Log10(greatest)) + 1 // from 0.1
	x := func(ratio float64) float64 { return 300 + 460*(math.Log10(max(ratio, 0.1))+1)/decades }
	bottom := 76 + 28*len(compared)
	var out strings.Builder
	fmt.Fprintf(&out, "  <text class=\"soft\" x=\"20\" y=\"54\">This provider : the other. CPU time for plans and start-up, else elapsed time. Least, median, greatest turn.</text>\n")
	for ratio := 0.1; ratio <= math.Pow(10, decades-1)*1.01; ratio *= 10 {
		fmt.Fprintf(&out, "  <path class=\"grid\" d=\"M%.1f 70V%d\"/><text class=\"soft\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x(ratio), bottom, x(ratio), bottom+20, trimmed(ratio))
	}
	for n, c := range compared {
		y := 90 + 28*n
		m := r.results[c.bench]
		fmt.Fprintf(&out, "  <text class=\"text\" x=\"286\" y=\"%d\" text-anchor=\"end\">%s</text><path class=\"range\" d=\"M%.1f %dH%.1f\"/><circle class=\"dot\" cx=\"%.1f\" cy=\"%d\" r=\"5\"/>\n",
			y+5, c.label, x(m["ratio-min"]), y, x(m["ratio-max"]), x(m["ratio"]), y)
	}
	return svg(bottom+34, "What it costs, side by side", out.String())
}

func trimmed(ratio float64) string { return fmt.Sprintf("%.4g", ratio) }
