package secrets

import (
	"strings"

	"callgate/detectors"
)

// alphabet is what a token is made of.
type alphabet *[256]bool

func letters(sets ...string) alphabet {
	var t [256]bool
	for _, set := range sets {
		for i := range len(set) {
			t[set[i]] = true
		}
	}
	return &t
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

var (
	hexa   = letters(digits, "abcdefABCDEF")
	alpha  = letters(lower, upper, digits)
	base   = letters(lower, upper, digits, "_-")
	wide   = letters(lower, upper, digits, "_-.=+/~:")
	dotted = letters(lower, upper, digits, "_-.")
)

// prefix is a kind of token that its issuer marks by how it starts. The
// prefixes and lengths are facts of the issuers' documentation.
type prefix struct {
	text     string
	rule     string
	alphabet alphabet
	least    int // characters after the prefix
	severity detectors.Severity
}

// match gives the end of the token that starts at i, or 0.
func (p *prefix) match(text string, i int) int {
	if !strings.HasPrefix(text[i:], p.text) {
		return 0
	}
	end := i + len(p.text)
	for end < len(text) && p.alphabet[text[end]] {
		end++
	}
	for end > i && (text[end-1] == '.' || text[end-1] == ':') {
		end--
	}
	body := text[min(end, i+len(p.text)):end]
	if len(body) < p.least || dull(body) {
		return 0
	}
	if p.rule == "jwt" && strings.Count(text[i:end], ".") < 1 {
		return 0
	}
	return end
}

// dull reports a body of hardly more than one character, as people write to
// say that a token would stand here.
func dull(body string) bool {
	const few = 4
	var seen [256]bool
	different := 0
	for i := range len(body) {
		if !seen[body[i]] {
			seen[body[i]] = true
			different++
		}
	}
	return different < few
}

// prefixes holds each prefix under its first two bytes.
var prefixes = func() (t [1 << 14][]*prefix) {
	for i := range prefixList {
		p := &prefixList[i]
		if p.severity == 0 {
			p.severity = detectors.High
		}
		at := index(p.text[0], p.text[1])
		t[at] = append(t[at], p)
	}
	return t
}()

func index(a, b byte) int { return int(a&0x7F)<<7 | int(b&0x7F) }

var prefixList = []prefix{
	{text: "AKIA", rule: "aws_access_key", alphabet: alpha, least: 16},
	{text: "ASIA", rule: "aws_access_key", alphabet: alpha, least: 16},
	{text: "ABIA", rule: "aws_access_key", alphabet: alpha, least: 16},
	{text: "ACCA", rule: "aws_access_key", alphabet: alpha, least: 16},
	{text: "A3T", rule: "aws_access_key", alphabet: letters(upper, digits), least: 17},
	{text: "ABSK", rule: "aws_bedrock_key", alphabet: wide, least: 60},
	{text: "bedrock-api-key-", rule: "aws_bedrock_key", alphabet: wide, least: 20},
	{text: "ghp_", rule: "github_token", alphabet: alpha, least: 30},
	{text: "gho_", rule: "github_token", alphabet: alpha, least: 30},
	{text: "ghu_", rule: "github_token", alphabet: alpha, least: 30},
	{text: "ghs_", rule: "github_token", alphabet: alpha, least: 30},
	{text: "ghr_", rule: "github_token", alphabet: alpha, least: 30},
	{text: "github_pat_", rule: "github_token", alphabet: base, least: 36},
	{text: "glpat-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "glptt-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "gldt-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "glrt-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "glcbt-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "glft-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "glimt-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "glagent-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "gloas-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "glsoat-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "glffct-", rule: "gitlab_token", alphabet: dotted, least: 20},
	{text: "GR1348941", rule: "gitlab_token", alphabet: base, least: 20},
	{text: "xoxb-", rule: "slack_token", alphabet: base, least: 10},
	{text: "xoxp-", rule: "slack_token", alphabet: base, least: 10},
	{text: "xoxa-", rule: "slack_token", alphabet: base, least: 10},
	{text: "xoxo-", rule: "slack_token", alphabet: base, least: 10},
	{text: "xoxr-", rule: "slack_token", alphabet: base, least: 10},
	{text: "xoxs-", rule: "slack_token", alphabet: base, least: 10},
	{text: "xoxe-", rule: "slack_token", alphabet: base, least: 10},
	{text: "xoxe.", rule: "slack_token", alphabet: dotted, least: 20},
	{text: "xapp-", rule: "slack_token", alphabet: base, least: 10},
	{text: "hooks.slack.com/services/T", rule: "slack_webhook", alphabet: wide, least: 24},
	{text: "hooks.slack.com/workflows/T", rule: "slack_webhook", alphabet: wide, least: 24},
	{text: "hooks.slack.com/triggers/T", rule: "slack_webhook", alphabet: wide, least: 24},
	{text: "sk_live_", rule: "stripe_key", alphabet: alpha, least: 10},
	{text: "sk_test_", rule: "stripe_key", alphabet: alpha, least: 10},
	{text: "sk_prod_", rule: "stripe_key", alphabet: alpha, least: 10},
	{text: "rk_live_", rule: "stripe_key", alphabet: alpha, least: 10},
	{text: "rk_test_", rule: "stripe_key", alphabet: alpha, least: 10},
	{text: "rk_prod_", rule: "stripe_key", alphabet: alpha, least: 10},
	{text: "whsec_", rule: "stripe_key", alphabet: wide, least: 24},
	{text: "AIza", rule: "google_api_key", alphabet: base, least: 35},
	{text: "GOCSPX-", rule: "google_client_secret", alphabet: base, least: 24},
	{text: "ya29.", rule: "google_token", alphabet: dotted, least: 20},
	{text: "sk-ant-", rule: "anthropic_key", alphabet: base, least: 20},
	{text: "sk-proj-", rule: "openai_key", alphabet: base, least: 20},
	{text: "sk-svcacct-", rule: "openai_key", alphabet: base, least: 20},
	{text: "sk-admin-", rule: "openai_key", alphabet: base, least: 20},
	{text: "sk-or-v1-", rule: "openrouter_key", alphabet: hexa, least: 32},
	{text: "sk-", rule: "openai_key", alphabet: alpha, least: 32},
	{text: "hf_", rule: "huggingface_token", alphabet: alpha, least: 30},
	{text: "api_org_", rule: "huggingface_token", alphabet: alpha, least: 30},
	{text: "gsk_", rule: "groq_key", alphabet: alpha, least: 40},
	{text: "xai-", rule: "xai_key", alphabet: alpha, least: 40},
	{text: "pplx-", rule: "perplexity_key", alphabet: alpha, least: 40},
	{text: "nvapi-", rule: "nvidia_key", alphabet: base, least: 40},
	{text: "r8_", rule: "replicate_token", alphabet: alpha, least: 36},
	{text: "npm_", rule: "npm_token", alphabet: alpha, least: 36},
	{text: "pypi-", rule: "pypi_token", alphabet: base, least: 50},
	{text: "rubygems_", rule: "rubygems_key", alphabet: hexa, least: 40},
	{text: "CLOJARS_", rule: "clojars_token", alphabet: alpha, least: 50},
	{text: "oy2", rule: "nuget_key", alphabet: letters(lower, digits), least: 43},
	{text: "dop_v1_", rule: "digitalocean_token", alphabet: hexa, least: 40},
	{text: "doo_v1_", rule: "digitalocean_token", alphabet: hexa, least: 40},
	{text: "dor_v1_", rule: "digitalocean_token", alphabet: hexa, least: 40},
	{text: "SG.", rule: "sendgrid_key", alphabet: wide, least: 40},
	{text: "xkeysib-", rule: "brevo_key", alphabet: base, least: 64},
	{text: "key-", rule: "mailgun_key", alphabet: hexa, least: 32},
	{text: "pubkey-", rule: "mailgun_key", alphabet: hexa, least: 32, severity: detectors.Low},
	{text: "shpat_", rule: "shopify_token", alphabet: hexa, least: 32},
	{text: "shpca_", rule: "shopify_token", alphabet: hexa, least: 32},
	{text: "shppa_", rule: "shopify_token", alphabet: hexa, least: 32},
	{text: "shpss_", rule: "shopify_token", alphabet: hexa, least: 32},
	{text: "sq0atp-", rule: "square_token", alphabet: base, least: 22},
	{text: "sq0csp-", rule: "square_token", alphabet: base, least: 22},
	{text: "EAAA", rule: "square_token", alphabet: base, least: 22},
	{text: "EAACEdEose0cBA", rule: "facebook_token", alphabet: alpha, least: 10},
	{text: "EAAM", rule: "facebook_token", alphabet: alpha, least: 20},
	{text: "EAAC", rule: "facebook_token", alphabet: alpha, least: 20},
	{text: "hvs.", rule: "vault_token", alphabet: base, least: 20},
	{text: "hvb.", rule: "vault_token", alphabet: base, least: 20},
	{text: "dckr_pat_", rule: "docker_token", alphabet: base, least: 20},
	{text: "dckr_oat_", rule: "docker_token", alphabet: base, least: 20},
	{text: "dapi", rule: "databricks_token", alphabet: letters(digits, "abcdef-"), least: 32},
	{text: "lin_api_", rule: "linear_key", alphabet: alpha, least: 30},
	{text: "ntn_", rule: "notion_token", alphabet: alpha, least: 40},
	{text: "secret_", rule: "notion_token", alphabet: alpha, least: 40},
	{text: "PMAK-", rule: "postman_key", alphabet: base, least: 40},
	{text: "figd_", rule: "figma_token", alphabet: base, least: 30},
	{text: "glc_", rule: "grafana_token", alphabet: wide, least: 30},
	{text: "glsa_", rule: "grafana_token", alphabet: base, least: 30},
	{text: "pul-", rule: "pulumi_token", alphabet: hexa, least: 40},
	{text: "sntrys_", rule: "sentry_token", alphabet: wide, least: 40},
	{text: "sntryu_", rule: "sentry_token", alphabet: hexa, least: 40},
	{text: "sbp_", rule: "supabase_token", alphabet: hexa, least: 40},
	{text: "rdme_", rule: "readme_token", alphabet: alpha, least: 50},
	{text: "shippo_live_", rule: "shippo_token", alphabet: hexa, least: 32},
	{text: "shippo_test_", rule: "shippo_token", alphabet: hexa, least: 32},
	{text: "EZAK", rule: "easypost_key", alphabet: alpha, least: 50},
	{text: "EZTK", rule: "easypost_key", alphabet: alpha, least: 50},
	{text: "FLWSECK", rule: "flutterwave_key", alphabet: base, least: 12},
	{text: "FLWPUBK", rule: "flutterwave_key", alphabet: base, least: 12},
	{text: "dt0c01.", rule: "dynatrace_token", alphabet: dotted, least: 60},
	{text: "dp.pt.", rule: "doppler_token", alphabet: alpha, least: 40},
	{text: "LTAI", rule: "alibaba_key", alphabet: alpha, least: 16},
	{text: "AGE-SECRET-KEY-1", rule: "age_key", alphabet: letters(upper, digits), least: 50},
	{text: "ops_eyJ", rule: "onepassword_token", alphabet: wide, least: 100},
	{text: "A3-", rule: "onepassword_key", alphabet: letters(upper, digits, "-"), least: 30},
	{text: "AKCp", rule: "artifactory_key", alphabet: alpha, least: 60},
	{text: "cmVmd", rule: "artifactory_key", alphabet: alpha, least: 50},
	{text: "v1.0-", rule: "cloudflare_key", alphabet: base, least: 140},
	{text: "duffel_", rule: "duffel_token", alphabet: wide, least: 40},
	{text: "fio-u-", rule: "frameio_token", alphabet: wide, least: 60},
	{text: "fo1_", rule: "flyio_token", alphabet: base, least: 40},
	{text: "fm1", rule: "flyio_token", alphabet: wide, least: 90},
	{text: "fm2_", rule: "flyio_token", alphabet: wide, least: 90},
	{text: "HRKU-", rule: "heroku_key", alphabet: base, least: 50},
	{text: "hrku-", rule: "heroku_key", alphabet: base, least: 50},
	{text: "tskey-", rule: "tailscale_key", alphabet: base, least: 20},
	{text: "NRAK-", rule: "newrelic_key", alphabet: alpha, least: 27},
	{text: "NRII-", rule: "newrelic_key", alphabet: base, least: 32},
	{text: "NRJS-", rule: "newrelic_key", alphabet: alpha, least: 19},
	{text: "pnu_", rule: "prefect_token", alphabet: alpha, least: 36},
	{text: "patkey", rule: "airtable_key", alphabet: dotted, least: 40},
	{text: "pscale_", rule: "planetscale_key", alphabet: dotted, least: 32},
	{text: "tfp_", rule: "typeform_token", alphabet: dotted, least: 59},
	{text: "SK", rule: "twilio_key", alphabet: letters(digits, "abcdef"), least: 32},
	{text: "AQVN", rule: "yandex_key", alphabet: base, least: 35},
	{text: "t1.", rule: "yandex_token", alphabet: wide, least: 80},
	{text: "YC", rule: "yandex_key", alphabet: base, least: 38},
	{text: "ccipat_", rule: "circleci_token", alphabet: base, least: 40},
	{text: "CCIPAT_", rule: "circleci_token", alphabet: base, least: 40},
	{text: "perm:", rule: "youtrack_token", alphabet: wide, least: 40},
	{text: "sgp_", rule: "sourcegraph_token", alphabet: base, least: 40},
	{text: "slk_", rule: "sourcegraph_token", alphabet: hexa, least: 60},
	{text: "sha256~", rule: "openshift_token", alphabet: base, least: 43},
	{text: "live_", rule: "live_key", alphabet: alpha, least: 30},
	{text: "atlasv1.", rule: "terraform_token", alphabet: base, least: 60},
	{text: "CFPAT-", rule: "contentful_token", alphabet: base, least: 40},
	{text: "ATATT3", rule: "atlassian_token", alphabet: wide, least: 100},
	{text: "ATCTT3", rule: "atlassian_token", alphabet: wide, least: 100},
	{text: "API-", rule: "octopus_key", alphabet: letters(upper, digits), least: 26},
	{text: "tk-us-", rule: "scalingo_token", alphabet: base, least: 48},
	{text: "sm_aat_", rule: "settlemint_token", alphabet: alpha, least: 16},
	{text: "sm_pat_", rule: "settlemint_token", alphabet: alpha, least: 16},
	{text: "sm_sat_", rule: "settlemint_token", alphabet: alpha, least: 16},
	{text: "ico-", rule: "infracost_key", alphabet: alpha, least: 32},
	{text: "s-s4t2", rule: "intra42_secret", alphabet: base, least: 60},
	{text: "sl.", rule: "dropbox_token", alphabet: wide, least: 130},
	{text: "4b1d", rule: "clickhouse_key", alphabet: alpha, least: 38},
	{text: "dnkey-", rule: "definednet_key", alphabet: base, least: 60},
	{text: "access-production-", rule: "plaid_token", alphabet: letters(digits, "abcdef-"), least: 36},
	{text: "eyJ", rule: "jwt", alphabet: wide, least: 40, severity: detectors.Medium},
	{text: "ZXlK", rule: "jwt", alphabet: wide, least: 60, severity: detectors.Medium},
}
