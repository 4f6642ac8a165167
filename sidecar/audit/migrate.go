package audit

import (
	"context"
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

// migrations gives the scripts in order.
func migrations() ([]string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	scripts := make([]string, len(names))
	for i, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		scripts[i] = string(text)
	}
	return scripts, nil
}

// migrate brings the file to the newest version. It is safe while other
// processes do the same: the version is read again under the write lock.
func migrate(ctx context.Context, c *conn) error {
	scripts, err := migrations()
	if err != nil {
		return err
	}
	version, err := c.integer(ctx, "PRAGMA user_version")
	if err != nil || version == int64(len(scripts)) {
		return err
	}
	return c.inTx(ctx, func() error {
		version, err := c.integer(ctx, "PRAGMA user_version")
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
		_, err = c.exec(ctx, fmt.Sprintf("PRAGMA user_version=%d", len(scripts)))
		return err
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
	scripts, err := migrations()
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
