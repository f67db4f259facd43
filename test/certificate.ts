/** A self-signed certificate for localhost, with its key: for tests alone, and valid for a hundred years. */
export const localhost = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOYlIWP9JM73mD77F
q4kNi+s5h2V4z1nJNWU+zeek4y6hRANCAAT+RY4SAwKBXh06ozjYzsEjLgdq7CeK
M+yYL4e1OAeHmpVb+KljGSLDl3dkDbnfi9ow2rAbwyN4600uiMNdc5my
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUDfovS4Oal6cQcOqe6s1RRS6dbg0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzE5MjYzOVoYDzIxMjYxMDMw
MTkyNjM5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAT+RY4SAwKBXh06ozjYzsEjLgdq7CeKM+yYL4e1OAeHmpVb+KljGSLD
l3dkDbnfi9ow2rAbwyN4600uiMNdc5myo2kwZzAdBgNVHQ4EFgQU0sxpRSMlrHur
tvHs/hVYX1ZWg1gwHwYDVR0jBBgwFoAU0sxpRSMlrHurtvHs/hVYX1ZWg1gwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
RwAwRAIgAcm0YYEViM4uvmKDo2VEvt7XMNMwNvaMtb6w5XXF+DACICQJdNjeWw8b
Khp2nFEhvgJxbtAmjlL7W7cQqtXTBlcw
-----END CERTIFICATE-----`,
};
