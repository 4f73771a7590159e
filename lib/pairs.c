#include <string.h>

#include "pairs.h"

/*
 * A row for the first, a column for the second character: a-z, A-Z, 0-9,
 * "_-./:", the rest.  Quarter bits by which people (in headers, manuals,
 * sources) write the pair more often than a random generator does, plus 32, as
 * a digit of base64.  Counted once, and no program makes it again.
 */
static const char table[64][65] = {
	"UkonWalSjResnpLnQspugeZefTMJOKMNKDMCHMJLHMDKRPDJHACDORTTMRPMOMiL",
	"rdgdpacOpmXtaapbLlncrYRZiUVQXTTVSMVFUVRTQTLVYTPPNNKJXZbaXVZUWTrO",
	"qahaqXQqjOpneWufQmirjWQUbNQRXRRROLUIVTQSVTJSUUMNLFCGRTXSRQSQQPoV",
	"ndcmxbaVrVTiZZnaOjkdkYVXbLZYbYZZSSaIUYYWXbHZcaSWSJHLTYaWVWUUSStY",
	"lbnngigTZcUmjqZgetqqVfdlfOXVZWXXSQYHQVWVWZGWaZRSRJBJMQRRMMRKMJrY",
	"nZddpqbSuHNladriMmklmUWPhIUbVTSPLNSJLUPRRTHSWTNRROHJYYWZXWYVbUrU",
	"iZbXxXfjrMPlfoicNomkiUTLYXZXaUYWPQbNPYXZVXPVbZTUQHMOKUVKMHJFFEsc",
	"tTVbuWaRsNWdhYpgPkgsoRXLcNYTXTUUPQUKPSVSXYMZaXOQOGPJNOTOKOQGKNqa",
	"jknljjlLSOYolvqiRjqrShMdIjIHKGGFHAGBAFHCDGCGJKFHDAAALLSNDBIDHAiP",
	"oWfgvZWVgXfXbdnjXZybkUbSUTYWbUVVRSWRQUTUUUXTXWTSTQTSSUbRRQTRRQlV",
	"mgfcwYgYpSVeZdgeTbnfhRaPYPcWcZbaWTbLPXcWYaPZeZVTZMMMLWXQONPMNMxf",
	"pcYkukaWtOaqYWqbIVkmmgRPiQVWZVUVTOWFNUUUTXHVbYRVNNDFGNRLMIHDFBqT",
	"tlZhvaVQpSWlmaoqSVkbgYPSaLUUXVUTPLXNMTSSWVHUYWOROHPQHRSQTIQILOrS",
	"oWorqkqUlUedYeodNWqtjfRQYPTTWTVWQOWHOTUSSXFVYWOROKGFETPRHGMEFDpV",
	"fhnqVegRfWfnpujnFtmkmgjYWTQNTRQOIIQKGOPMNRCPUPOJLEBIDEIHBADBJAkN",
	"sXhftaagmLcpeZpnMqnplTVThKRRXRSTOOVGOSSQSVHTWVMQKKDFJWWPLMRHHMoZ",
	"ahZaaUaaaSSqbaXYakhc1abUSYXSXVUUWXaSUSVYVWUUXZTSSUTSWYXWTUSUVSrZ",
	"qYkivajTrIefjhqbMkoogfVKkNVSYVWUOOXCMTUTUXGTYYNPOEBCISQNFBLDGCpV",
	"iUjWtbZloJkieYkkZfoujWaJfSVSXUTUOMXELUVTTXFVYWQTSIDHCUTXKHPMHHub",
	"qThctaWosKZedWnjGqllgQVXkOZXbYZZTSbIRYYXXaJZdaUWTIFGUVSQHHRCMAsX",
	"jpjjpkiOnRUqosboJqqrSUMdMSFJJHLIFJLEEIFGFIGHKLJFDFFGMNHMGDLCKDfL",
	"tdeXyeZSrIhXnijaOafcXWVVbPQRRRQOOOSKPORPRQKPOSNOMQJHZjeacXYSdRmX",
	"sZcgpZYktOaeYnpZQqlcVUlWRQZZcZcZUVaQRaaUXaXZfZTXVNUQUXXXQNOMQNsX",
	"hUlcocPVlKbXnZYrPWlvYVRfeRYVaZZZSQVIOXUVYZOVaYPSPXMKlidZchXYnVtZ",
	"hddXgbcSdSTknmdwObpmURfNTWdcgedcWWfSVabadeRdfdaXXLMNLTVRRPOPPPva",
	"qaYY0aWcpUWgicjXSZaZdUWUghdWTSSUSRUTRSVRWVUSVUVTRQSPYUVUVTSOURnU",
	"MZfgJWaMPITiRfOaIiegcUUNLJdjnmcdlPhVgqnoSlYqprgdXidPQWYWQSNLTMnI",
	"oRSShQYRmRQkQTiUOhTPoOQMiRoelblacVrlYpbejaWijhoTTVgOWWWWXWVWYWqO",
	"lJNJdONjTGGiXNrSHfNVdLOJUKmbjfobYniMkjmVqgVlmpfcUdcITUWSRSZPSRqN",
	"lWMLqMSMmLJNMLiILZXSZLVIYJmhbiugZdpSXefZibVkkieZdVZJUZXVVYUUSQuQ",
	"RHKWIONKKGHdYjHOWhVNLbKjDFkeomgigTaNVlkqbgftonUiXmfMQSTQPMOKNLtR",
	"hHdQeKQSoKKjNZnSOlONlLOQLImefglnZSpJTnbhpgPilnjUYWfJXZWYSVWUeSrN",
	"bMPNqOJPYPMgPVZOLjQaaKLLMNhdgYscYinNQsfoilQlkggZTSTKQUYUPOSNPQuQ",
	"pOLTnPPQhPQOSOiSPRObXOUPXPuWYftccUoNYdiZocXljmeTfQYOPPSSQfbNPSsV",
	"GLVfHVUMFFHMfrMJHMeeJHMIHLhjlohjlNXOQlluqkTinoSfTeJgGQUQIHKKKHmL",
	"oXWZgUYXeWYZYZkbYYiXkXXXZXmcfftXaXnVhZdamkYcpcieaZWYZZYYZZWZZYsa",
	"bTQPsQNVkPPXQbdNQXSRXRTQRLgapfvZbVtPRZbiccQYicjWWWVXPeSTQQRNRPuS",
	"hHLJjLIJnJGKGKlHGHPKRQIGKJoYcirfeXqNXoWYpdQYmjjjUbdSJXWVOJOJJJvS",
	"qNQOmKRHgNNKLQlKLKWMdJMJVKthgjrfYUnOOlhXmpQZmdeWTPQIMRTQNKTKOKsN",
	"kKJMgJPLUIFHHLlMJNRLiOILKJnVmoonqSkLfgXenaMkpqlfQTXLKkPROKQJLHqR",
	"KiTLKfKJLHJVNeFlCgOXbXVIHHdkplYifSiQellshnLrokkeiXSLGQKKIILILIqK",
	"oJOMeIMZaFPbMIlLHpUfcPIIiLoajeqfggkQkkdankSphlicQSaLLZTVNNWGLLsO",
	"YZaaZbbZXbWYeXZYXYddsWbXWWmbhflgegfZWnfgaehgfbvVcXfWZZZXcYYWbWtY",
	"eGJJrHLIVHFGKKcIGGMMaJLGEHoYhhteeYpIcikfofRmlnecXPiJSYTRRNNJMJtQ",
	"cGfHmIIdiGTXUNdeOVGogOUHhMjWlbpYajnJcodjhkXdqqhVXXhXJbVSRPPaPHsR",
	"hKbFjHIcfGdLIGjOEiORVHPIlDpWecrfQkpPYkaTmhKqilhSUhkRMVTSKKTIPIuQ",
	"OPOVONNKWMNOPoJgMYifLLTKMMjljimjhPlNSnlsXnMppsTcSeNQfWKUKKOMWMlg",
	"rTSToPUOkPMPMKZMMPTUTNPMRMqbhZuheXmQpXpZgjOgidWTUZTQUcbgaVdYgSpO",
	"oPUSkQSjuRRPWSkVQoaSSTSTUNqbgfkdTfqPUcfmkgYngeVSZWTUTZSVSUUSRSrS",
	"SOUVROQOUNfPTOSQMRQdRVTOOQdajckgaVkMcZoecmabjsVTXmaSRccVXuTQgcvR",
	"aRRTdRTSVSTSTSWRQRTQUSWROTmadchVZRhWPfmlcwccskWWdPcXQVURSRSQSSxW",
	"jYXdnXYYgYYcaYkZVXbaaZWYYWigbXxXfZkYUfiZhbbYcdeZXZdgfVYoVWWVVWrY",
	"ZaZbZcKMNKONMNMQIONNUMNsMLXcZZZYTQPKRVNKMRNMMQSMOPKNwonijihhissV",
	"ZZadZaMNPONRQLLUNSSRNWKQOPdaWZWdOMSMRTRMORKSUUWRRKMMqrskkkqjkowT",
	"cccjcfRUfQVWWUXcQXabWZTWMPbZYbVdSPYMUYVSOYPVZSUSWTOPulnllplknjwU",
	"fffieeZTVRTVTPMWWYVUTYTVQSabafXbSSVRUWURTVTVVSVSTUQSnlukllkknpvX",
	"fgfffgUVZUVfWUSYUXYXXYXbSTcfddeeYTZRWeXYQXVbYWWTcWTUpmmlmmlknkxT",
	"dddedhRUTQPURRRRQZUSPQSSRRaWYZVbUVRSQWSTWbPVYaTRUQRTxollkmqjjltT",
	"eeedefRTTSSVURVVQTVbQUVUSTbbabaaROUPSYVSVSSUVcVUYSRUnkmkwlkkljwX",
	"ihhihkTVTWSWWQUVVUUVWVTTRWcZaaaeSUWUUXWRSVUVVUWVTSQVpnnnnommnmvW",
	"fheedfWSVRaUSVTXRUXUQVZYSSdhhfdZVTSQZVVXSXRSeXVRTVRSqklkomrlomvS",
	"ededdcSPTPTPRSQRQSVUQgWTRSaUaXXXRQQSQUTURTQQVQQjMPTPpmmklklklqyQ",
	"jhnjiiihkXZhjjhkTinkegdZPShdkgggdegPXehgfiPglgccZaMPcfdYUUVRSSrR",
	"fdjghfeefdXhfgegUhllagaiaWaYZZXeXSWPRUXiWVRUffYRSSQRjmibZYZYWVmy"
};

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
symbol(int c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= 'A' && c <= 'Z')
		return 26 + c - 'A';
	if (c >= '0' && c <= '9')
		return 52 + c - '0';
	return c == '_' || c == '-' || c == '.' || c == '/' || c == ':' ? 62 :
	    63;
}

void
pairs_init(struct pairs *t)
{
	int i;

	for (i = 0; i < 256; i++)
		t->sym[i] = (unsigned char)symbol(i);
	for (i = 0; i < 64 * 64; i++)
		t->bits[i] = (signed char)(strchr(digits,
		    table[i / 64][i % 64]) - digits - 32);
}

int
pairs_score(const struct pairs *t, const unsigned char *s, size_t n)
{
	size_t i;
	long sum = 0;

	if (n < 2)
		return 400;
	for (i = 1; i < n; i++)
		sum += t->bits[t->sym[s[i - 1]] * 64 + t->sym[s[i]]];
	return (int)(sum * 25 / (long)(n - 1));
}

/* log2(x) for x >= 1, in 1/1024, by squaring: no libm for this alone. */
static long
log2_1024(unsigned long x)
{
	unsigned long long m = x;
	long r = 0;
	int i;

	for (; x > 1; x >>= 1)
		r++;
	m <<= 30 - r;			/* 1 <= m < 2, 30 bits behind the dot */
	for (i = 0; i < 10; i++) {
		m = m * m >> 30;
		r = 2 * r;
		if (m >= 1ULL << 31) {
			m >>= 1;
			r++;
		}
	}
	return r;
}

int
pairs_entropy(const unsigned char *s, size_t n)
{
	unsigned short count[256];
	long sum = 0;
	size_t i;

	if (n == 0 || n > 65535)
		return n == 0 ? 0 : 800;
	memset(count, 0, sizeof(count));
	for (i = 0; i < n; i++)
		count[s[i]]++;
	for (i = 0; i < 256; i++)
		if (count[i] > 1)
			sum += count[i] * log2_1024(count[i]);
	return (int)((log2_1024(n) - sum / (long)n) * 100 / 1024);
}
