package simulation

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// rescued is a rescue file, and whose reply it holds; nil: nobody knows.
type rescued struct {
	text []byte
	of   *exchange
}

var errFolder = errors.New("the rescue folder cannot be used")

// folder is the rescue folder of a machine, as one of its processes sees it.
type folder struct{ process *process }

func (d folder) Save(ctx context.Context, key, attempt string, text []byte) (string, error) {
	p, path := d.process, "/rescue/"+attempt
	x := taskOf(ctx).sent
	if x != nil {
		x.tried = true
	}
	err := d.run(ctx, "save "+path, func() error {
		if p.machine.rescueBroken > p.world.now {
			p.world.note(key, "%s cannot keep %s", p.name, path)
			if x != nil {
				x.failed = true
			}
			return errFolder
		}
		p.machine.rescue[path] = rescued{text, x}
		if x != nil {
			x.kept, x.machine = true, p.machine
			p.world.figures.rescued++
		}
		p.world.note(key, "%s keeps %s", p.name, path)
		return nil
	})
	if err != nil {
		return "", err
	}
	return path, nil
}

func (d folder) List(ctx context.Context, _ string) ([]string, error) {
	var paths []string
	err := d.run(ctx, "list", func() error {
		paths = slices.Sorted(maps.Keys(d.process.machine.rescue))
		return nil
	})
	return paths, err
}

func (d folder) Load(ctx context.Context, path string) ([]byte, error) {
	var text []byte
	err := d.run(ctx, "load", func() error {
		file, ok := d.process.machine.rescue[path]
		if !ok {
			return fs.ErrNotExist
		}
		text = file.text
		return nil
	})
	return text, err
}

func (d folder) Remove(ctx context.Context, path string) error {
	return d.run(ctx, "remove", func() error {
		d.process.world.note("", "%s removes %s", d.process.name, path)
		delete(d.process.machine.rescue, path)
		return nil
	})
}

// run does something on the disk, which takes a moment. A disk cannot be called off.
func (d folder) run(ctx context.Context, _ string, do func() error) error {
	p, w := d.process, d.process.world
	var err error
	waited := w.wait(context.WithoutCancel(ctx), func(c *call) {
		w.hazard(p)
		w.after(w.between(10*time.Microsecond, time.Millisecond), func() {
			err = do()
			w.finish(c)
		})
	})
	if waited != nil {
		return waited
	}
	return err
}

// LetGo and InUse: a finder always takes a file over here, which is the harder case.
func (folder) LetGo(string)      {}
func (folder) InUse(string) bool { return false }
