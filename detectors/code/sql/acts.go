package sql

import "strings"

// act is what a function or procedure does beyond computing.
type act struct {
	effects, traits uint8
	places          bool // its strings are places
	procedure       bool // it acts without parentheses too
}

// reachingPackages are the packages of Oracle that open connections.
const reachingPackages = "utl_http utl_smtp utl_mail utl_tcp utl_inaddr dbms_ldap apex_web_service"

// schemes are those of addresses that databases open by themselves.
const schemes = "http https ftp ftps sftp s3 s3a s3n gs gcs az azure abfs abfss wasb wasbs hdfs r2 hf postgres postgresql mysql"

// acts are the functions that are known to act. One that is neither here nor
// in pure is not known, and may do anything.
var acts = actTable()

func actTable() map[string]act {
	table := map[string]act{}
	for _, g := range []struct {
		words string
		act
	}{
		// Sequences, settings, locks, waiting.
		{"nextval setval set_config setseed pg_advisory_lock pg_advisory_xact_lock pg_try_advisory_lock " +
			"pg_advisory_unlock pg_advisory_unlock_all get_lock release_lock release_all_locks pg_notify pg_sleep " +
			"pg_sleep_for pg_sleep_until sleep benchmark txid_current pg_current_xact_id pg_export_snapshot " +
			"pg_logical_emit_message pg_stat_reset pg_stat_statements_reset last_insert_id", act{effects: write}},
		// The server and its sessions.
		{"pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile pg_promote pg_switch_wal " +
			"pg_create_restore_point pg_wal_replay_pause pg_wal_replay_resume pg_drop_replication_slot " +
			"pg_create_logical_replication_slot pg_create_physical_replication_slot", act{effects: admin | write}},
		// Files of the server: what is in them is no part of the database.
		{"pg_read_file pg_read_binary_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_stat_file load_file readfile " +
			"read_text read_blob glob_files sniff_csv lsdir", act{effects: read, traits: opaque, places: true}},
		{"read_csv read_csv_auto read_parquet parquet_scan read_json read_json_auto read_ndjson read_xlsx " +
			"parquet_metadata parquet_schema", act{effects: read, traits: opaque, places: true}},
		{"lo_import lo_create lo_creat lo_put lo_from_bytea lowrite", act{effects: write}},
		{"lo_export pg_file_write writefile pg_file_rename", act{effects: write}},
		{"lo_unlink pg_file_unlink", act{effects: deletes}},
		// Other servers.
		{"dblink dblink_exec dblink_connect dblink_connect_u dblink_open dblink_send_query openrowset " +
			"opendatasource openquery mysql_query postgres_query external_query mysql postgresql remote " +
			"url s3 remotesecure", act{effects: write, traits: network, places: true}},
		{"http http_get http_post http_put http_patch http_delete http_head httpuritype http_post_form net_http_get " +
			"net_http_post", act{effects: send | write, traits: network, places: true}},
		// Code.
		{"load_extension sys_exec sys_eval sys_bineval sys_get eval system shell lua_exec",
			act{effects: execute | write}},
		{"xp_cmdshell sp_oacreate sp_oamethod sp_execute_external_script xp_servicecontrol sp_start_job sp_add_job " +
			"sp_addextendedproc", act{effects: execute | write, procedure: true}},
		{"xp_regwrite xp_regdeletekey xp_regdeletevalue sp_configure sp_addsrvrolemember sp_addrolemember " +
			"sp_addlogin sp_password sp_grantdbaccess", act{effects: admin | write, procedure: true}},
		{"xp_dirtree xp_fileexist xp_subdirs sp_addlinkedserver sp_send_dbmail", act{effects: send | write, traits: network, procedure: true}},
	} {
		for w := range strings.FieldsSeq(g.words) {
			table[w] = g.act
		}
	}
	return table
}
