/* SPDX-License-Identifier: EUPL-1.2 */
/* Asks the browser for the key and sends what it answers. All texts stand in the page; this shows one view at a time. Without this script the page says that it needs one. */
'use strict';
(() => {
    const TIMEOUT = 120000; /* to find the key, type the PIN and touch */
    const STALE = 150000; /* a challenge lives 300 s: a page older than this fetches a new one first */
    const main = document.querySelector('main');
    const form = document.getElementById('key');
    const loaded = Date.now();
    let began = loaded;
    let running = null;

    const show = name => {
        let heading = null;
        for (const view of main.querySelectorAll('[data-view]')) {
            view.hidden = view.dataset.view !== name;
            if (!view.hidden)
                heading = view.querySelector('h1');
        }
        main.dataset.state = name;
        if (heading !== null)
            heading.focus();
    };
    const bytes = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
    const text = buffer => btoa(Array.from(new Uint8Array(buffer), b => String.fromCharCode(b)).join(''))
        .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

    /* The page itself again, for its new challenge. A page that answered a form cannot be fetched: there the issuer says that it was too late, with a new challenge. */
    const renew = async () => {
        if (Date.now() - began < STALE || form.dataset.visit !== 'get')
            return;
        const answer = await fetch(location.href, {cache: 'no-store', credentials: 'same-origin'});
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('key');
        if (!answer.ok || fresh === null)
            throw new Error('no page');
        form.dataset.challenge = fresh.dataset.challenge;
        form.elements.request.value = fresh.elements.request.value;
        began = Date.now();
    };

    const send = credential => {
        const response = credential.response;
        form.elements.id.value = text(credential.rawId);
        form.elements.authenticator_data.value = text(response.authenticatorData);
        form.elements.client_data.value = text(response.clientDataJSON);
        form.elements.signature.value = text(response.signature);
        form.elements.user_handle.value = response.userHandle ? text(response.userHandle) : '';
        show('checking');
        form.submit();
    };

    const ask = async () => {
        if (running !== null)
            return;
        running = new AbortController();
        const started = Date.now();
        show('waiting');
        try {
            await renew();
            send(await navigator.credentials.get({
                publicKey: {
                    challenge: bytes(form.dataset.challenge),
                    rpId: form.dataset.relyingParty,
                    allowCredentials: [],
                    userVerification: 'required',
                    hints: ['security-key'],
                    timeout: TIMEOUT,
                },
                signal: running.signal,
            }));
        } catch (error) {
            if (error.name === 'SecurityError' || error.name === 'NotSupportedError')
                show('unsupported');
            else if (error.name === 'NotAllowedError' && Date.now() - started >= TIMEOUT - 1000)
                show('late');
            else if (error.name === 'NotAllowedError' || error.name === 'AbortError')
                show('cancelled');
            else
                show('failed');
        }
        running = null;
    };

    const begin = () => {
        if (!window.isSecureContext || !window.PublicKeyCredential || !navigator.credentials) {
            show('unsupported');
            return;
        }
        for (const button of main.querySelectorAll('[data-do="ask"]')) {
            button.addEventListener('click', ask);
            button.hidden = false;
        }
        for (const button of main.querySelectorAll('[data-do="cancel"]'))
            button.addEventListener('click', () => running !== null && running.abort());
        /* Back from the application by the browser's back button: this answer is used up. */
        window.addEventListener('pageshow', event => event.persisted && location.reload());
    };

    /* The password: one click shows what was typed, and a form is sent once. */
    const password = input => {
        const button = document.getElementById('reveal');
        button.hidden = false;
        button.addEventListener('click', () => {
            const open = input.type === 'password';
            input.type = open ? 'text' : 'password';
            button.setAttribute('aria-pressed', String(open));
        });
        input.form.addEventListener('submit', event => {
            if (main.dataset.state === 'checking') {
                event.preventDefault();
                return;
            }
            input.type = 'password';
            main.dataset.state = 'checking';
            document.getElementById('said').textContent = input.form.dataset.checking;
        });
        window.addEventListener('pageshow', event => {
            if (event.persisted)
                input.value = main.dataset.state = '';
        });
    };

    if (form !== null)
        begin();
    const input = document.getElementById('password');
    if (input !== null)
        password(input);
})();
