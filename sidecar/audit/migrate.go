package audit

import (
	"context"
	"database/sql/driver"
	"embed"
	"fmt"
	"io/fs"
	"slices"
)

// Migrations are numbered from 1 by their file names; a file of version N has
// seen the first N.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// scriptsOf gives the migrations of a room in order.
func scriptsOf(room fs.FS) ([]string, error) {
	names, err := fs.Glob(room, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	scripts := make([]string, len(names))
	for i, name := range names {
		text, err := fs.ReadFile(room, name)
		if err != nil {
			return nil, err
		}
		scripts[i] = string(text)
	}
	return scripts, nil
}

// migrate brings the file to the newest version.
func migrate(ctx context.Context, c *conn) error {
	return c.migrate(ctx, migrationFiles, "PRAGMA user_version", func(version int) error {
		_, err := c.exec(ctx, fmt.Sprintf("PRAGMA user_version=%d", version))
		return err
	})
}

// migrateRoom brings the tables of another room to the newest version.
func (c *conn) migrateRoom(ctx context.Context, room string, files fs.FS) error {
	return c.migrate(ctx, files, "SELECT coalesce(max(version), 0) FROM rooms WHERE room = ?", func(version int) error {
		_, err := c.exec(ctx, "INSERT INTO rooms (room, version) VALUES (?, ?) ON CONFLICT (room) DO UPDATE SET version = excluded.version",
			room, int64(version))
		return err
	}, room)
}

// migrate runs the scripts that a room's tables have not seen, and notes the
// version. It is safe while other processes do the same: the version is read
// again under the write lock.
func (c *conn) migrate(ctx context.Context, room fs.FS, ask string, note func(version int) error, args ...driver.Value) error {
	scripts, err := scriptsOf(room)
	if err != nil {
		return err
	}
	version, err := c.integer(ctx, ask, args...)
	if err != nil || version == int64(len(scripts)) {
		return err
	}
	return c.inTx(ctx, func() error {
		version, err := c.integer(ctx, ask, args...)
		if err != nil {
			return err
		}
		if err := known(version, scripts); err != nil {
			return err
		}
		for n := int(version); n < len(scripts); n++ {
			if _, err := c.exec(ctx, scripts[n]); err != nil {
				return fmt.Errorf("migration %d: %w", n+1, err)
			}
		}
		return note(len(scripts))
	})
}

// known refuses a file that a newer program has written.
func known(version int64, scripts []string) error {
	if version < 0 || version > int64(len(scripts)) {
		return fmt.Errorf("%w: the file has version %d, this program knows up to %d", ErrVersion, version, len(scripts))
	}
	return nil
}

// current refuses a file that is not of the newest version.
func current(version int64) error {
	scripts, err := scriptsOf(migrationFiles)
	if err != nil {
		return err
	}
	if err := known(version, scripts); err != nil {
		return err
	}
	if version < int64(len(scripts)) {
		return fmt.Errorf("%w: the file has version %d and was not migrated to %d", ErrVersion, version, len(scripts))
	}
	return nil
}
