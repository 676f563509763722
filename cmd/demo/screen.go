package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	width  = 80
	indent = "   "
)

// screen is what a person reads.
type screen struct {
	w        io.Writer
	terminal bool // a line can be written over
}

func newScreen(w io.Writer, environ []string) *screen {
	s := &screen{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		s.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && !slices.Contains(environ, "TERM=dumb")
	}
	return s
}

func (s *screen) print(lines ...string) {
	for _, line := range lines {
		fmt.Fprintln(s.w, strings.TrimRight(line, " "))
	}
}

// heading begins a step.
func (s *screen) heading(text string) {
	if s.terminal {
		s.print("", "\x1b[1m"+text+"\x1b[0m", "")
		return
	}
	s.print("", text, strings.Repeat("-", len([]rune(text))), "")
}

// say prints a paragraph.
func (s *screen) say(format string, args ...any) {
	s.block(indent, fmt.Sprintf(format, args...))
	s.print("")
}

// quote prints the words of somebody else, paragraphs and all, under a title.
func (s *screen) quote(title, text string) {
	s.print(indent + "| " + title)
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		s.print(indent + "|")
		s.block(indent+"|   ", paragraph)
	}
	s.print("")
}

// command prints what a person would have typed.
func (s *screen) command(text string) { s.print(indent + "$ " + text) }

// note prints a line that belongs to the one before it.
func (s *screen) note(format string, args ...any) {
	s.block(indent+"  ", fmt.Sprintf(format, args...))
}

func (s *screen) block(prefix, text string) {
	for _, line := range fill(text, width-len(prefix)) {
		s.print(prefix + line)
	}
}

// fill breaks text into lines of at most limit characters. Words are never broken, and a line that begins with a space
// stays as it is.
func fill(text string, limit int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(paragraph, " ") {
			lines = append(lines, paragraph)
			continue
		}
		line := ""
		for _, word := range strings.Fields(paragraph) {
			switch {
			case line == "":
				line = word
			case len([]rune(line))+1+len([]rune(word)) <= limit:
				line += " " + word
			default:
				lines = append(lines, line)
				line = word
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// table prints rows of cells: the first column flush left, the others flush right.
func (s *screen) table(rows [][]string) {
	s.print(align(rows)...)
	s.print("")
}

func align(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var lines []string
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if i == 0 {
				line += cell + pad
			} else {
				line += "  " + pad + cell
			}
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// waitUntil waits for a moment and shows how long it still takes: on a terminal every second, elsewhere now and then.
func (s *screen) waitUntil(ctx context.Context, at time.Time, what string) error {
	const seldom = 20 * time.Second
	var next time.Time // when an unmoving screen gets its next line
	for time.Until(at) > 0 {
		left := clock(time.Until(at))
		switch {
		case s.terminal:
			fmt.Fprintf(s.w, "\r%s%s: %s to go ", indent, what, left)
		case time.Now().After(next):
			s.print(indent + what + ": " + left + " to go")
			next = time.Now().Add(seldom)
		}
		if err := sleep(ctx, min(time.Second, time.Until(at))); err != nil {
			return err
		}
	}
	if s.terminal {
		s.print("\r" + indent + what + ": over       ")
	}
	s.print("")
	return nil
}

// clock prints a duration as minutes and seconds, rounded.
func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
