{"services": {"web": {"image": "stand/a:1", "bogus_key": 1}}}
