package secrets

import "callgate/detectors"

// tokenRules are keys that show their maker: a fixed prefix, then a body of
// known bytes and length. The forms are facts from the makers' documentation
// and from the public rule data of gitleaks 8 (MIT). Where lengths grew over
// time the range is open.
var tokenRules = []rule{
	// Clouds and code hosts.
	token("aws_access_key_id", &capitals, 16, 16, "AKIA", "ASIA", "ABIA", "ACCA"),
	token("aws_bedrock_key", &base64, 100, 300, "ABSK"),
	token("google_api_key", &dash, 35, 35, "AIza"),
	token("google_oauth_secret", &dash, 28, 28, "GOCSPX-"),
	token("google_oauth_token", &dotted, 40, 2048, "ya29."),
	{name: "azure_client_secret", severity: detectors.High, literals: digitsThen("Q~"), match: azureSecret},
	token("digitalocean_token", &lowerHex, 64, 64, "dop_v1_", "doo_v1_", "dor_v1_"),
	token("alibaba_key_id", &alnum, 12, 20, "LTAI"),
	token("yandex_key", &dash, 34, 40, "AQVN"),
	token("cloudflare_origin_key", &dash, 171, 171, "v1.0-"),
	token("heroku_key", &dash, 58, 60, "HRKU-AA"),
	token("fly_token", &dash, 43, 43, "fo1_"),
	token("fly_token", &base64, 100, 1000, "fm1a_", "fm1r_", "fm2_"),
	token("netlify_token", &alnum, 36, 40, "nfp_"),
	token("scalingo_token", &alnum, 48, 48, "tk-us-"),
	token("github_token", &alnum, 36, 255, "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
	token("github_token", &word, 60, 255, "github_pat_"),
	token("gitlab_token", &dotted, 20, 300, "glpat-", "gldt-", "glft-", "glptt-", "glrt-", "glcbt-", "glimt-", "glagent-", "gloas-",
		"glsoat-", "glffct-"),
	token("gitlab_token", &dash, 20, 20, "GR1348941"),
	token("atlassian_token", &padded, 100, 300, "ATATT3", "ATCTT3"),
	token("databricks_token", &lowerHex, 32, 32, "dapi"),
	token("tailscale_key", &dash, 20, 80, "tskey-"),
	token("defined_key", &padded, 94, 94, "dnkey-"),

	// Builds, packages, infrastructure.
	token("npm_token", &alnum, 36, 36, "npm_"),
	token("pypi_token", &dash, 50, 1000, "pypi-AgE"),
	token("rubygems_key", &lowerHex, 48, 48, "rubygems_"),
	token("clojars_token", &alnum, 60, 60, "CLOJARS_"),
	token("docker_token", &dash, 27, 40, "dckr_pat_"),
	token("artifactory_key", &alnum, 65, 73, "AKCp"),
	token("artifactory_key", &alnum, 59, 59, "cmVmd"),
	token("vault_token", &dash, 24, 300, "hvs.", "hvb.", "hvr."),
	{name: "terraform_token", severity: detectors.High, literals: []string{".atlasv1."}, match: around(&alnum, 14, 14, &padded, 60, 75)},
	token("pulumi_token", &lowerHex, 40, 40, "pul-"),
	token("doppler_token", &alnum, 40, 44, "dp.pt.", "dp.ct.", "dp.scim.", "dp.audit."),
	token("prefect_key", &alnum, 36, 36, "pnu_", "pnb_"),
	token("octopus_key", &capitals, 26, 26, "API-"),
	token("infracost_key", &alnum, 32, 32, "ico-"),
	token("postman_key", &dash, 59, 59, "PMAK-"),
	token("readme_key", &alnum, 70, 70, "rdme_"),
	token("grafana_token", &word, 41, 41, "glsa_"),
	token("grafana_token", &base64, 32, 400, "glc_"),
	token("grafana_token", &base64, 60, 400, "eyJrIjoi"),
	token("newrelic_key", &dash, 19, 42, "NRAK-", "NRII-", "NRJS-", "NRRA-"),
	token("sentry_token", &base64, 64, 400, "sntryu_", "sntrys_"),
	token("dynatrace_token", &dotted, 80, 100, "dt0c01.", "dt0s01."),
	token("planetscale_token", &wide, 32, 64, "pscale_tkn_", "pscale_oauth_", "pscale_pw_"),
	token("supabase_key", &word, 30, 60, "sbp_", "sb_secret_"),
	token("settlemint_token", &alnum, 16, 16, "sm_aat_", "sm_pat_", "sm_sat_"),
	token("age_secret_key", &capitals, 58, 58, "AGE-SECRET-KEY-1"),
	token("onepassword_token", &base64, 200, 2000, "ops_eyJ"),

	// Models.
	token("anthropic_key", &dash, 20, 255, "sk-ant-"),
	token("openai_key", &dash, 40, 255, "sk-proj-", "sk-svcacct-", "sk-admin-"),
	token("openrouter_key", &lowerHex, 64, 64, "sk-or-v1-"),
	{name: "openai_key", severity: detectors.High, literals: []string{"sk-"}, match: plainKey},
	token("huggingface_token", &alnum, 30, 40, "hf_", "api_org_"),
	token("perplexity_key", &alnum, 48, 48, "pplx-"),
	token("groq_key", &alnum, 52, 52, "gsk_"),
	token("replicate_token", &alnum, 37, 40, "r8_"),
	token("xai_key", &alnum, 70, 100, "xai-"),
	token("nvidia_key", &dash, 60, 80, "nvapi-"),
	token("langsmith_key", &word, 40, 60, "lsv2_pt_", "lsv2_sk_"),
	token("tavily_key", &dash, 32, 48, "tvly-"),

	// Messages.
	token("slack_token", &dotted, 10, 300, "xoxa-", "xoxb-", "xoxc-", "xoxd-", "xoxe-", "xoxe.xox", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-"),
	{name: "telegram_token", severity: detectors.High, literals: []string{":AA"}, match: around(&digits, 8, 10, &dash, 33, 33)},
	token("twilio_key", &lowerHex, 31, 31, beforeHex("SK")...),
	{name: "twilio_account", severity: detectors.Low, literals: beforeHex("AC"), match: after(&lowerHex, 31, 31)},
	token("sendgrid_key", &wide, 60, 70, "SG."),
	token("mailgun_key", &lowerHex, 32, 32, "key-"),
	token("brevo_key", &dash, 81, 81, "xkeysib-", "xsmtpsib-"),
	token("facebook_token", &alnum, 80, 500, "EAA"),

	// Money and trade.
	token("stripe_key", &alnum, 10, 255, "sk_live_", "sk_test_", "sk_prod_", "rk_live_", "rk_test_", "rk_prod_"),
	token("stripe_webhook_secret", &base64, 32, 64, "whsec_"),
	token("square_token", &dash, 22, 60, "sq0atp-", "sq0csp-", "EAAA"),
	token("shopify_token", &anyHex, 32, 32, "shpat_", "shpca_", "shppa_", "shpss_"),
	token("plaid_token", &dash, 36, 36, "access-production-", "access-sandbox-", "access-development-"),
	token("flutterwave_key", &dash, 12, 42, "FLWSECK-", "FLWSECK_TEST-"),
	token("easypost_key", &alnum, 54, 54, "EZAK", "EZTK"),
	token("shippo_token", &anyHex, 40, 40, "shippo_live_", "shippo_test_"),
	token("duffel_token", &padded, 40, 50, "duffel_live_", "duffel_test_"),

	// Documents and work.
	token("linear_key", &alnum, 32, 64, "lin_api_", "lin_oauth_"),
	token("notion_token", &alnum, 40, 60, "ntn_"),
	token("figma_token", &dash, 40, 50, "figd_", "figo_"),
	token("typeform_token", &wide, 40, 64, "tfp_"),
	token("dropbox_token", &padded, 130, 300, "sl."),
	token("adobe_secret", &alnum, 32, 32, "p8e-"),
	token("intra_secret", &lowerHex, 64, 64, "s-s4t2ud-", "s-s4t2af-"),
	{name: "airtable_token", severity: detectors.High, literals: []string{"pat"}, match: airtable},

	// This program.
	{name: "callgate_key", severity: detectors.High, literals: []string{"cg_"}, match: ownKey},
}
