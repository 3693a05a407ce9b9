/**
 * Runs its body logged in with a push grant of Registry Warden, and gives the grant back whatever happens.
 *
 *     wardenPush(url: 'https://registry.corp:5000', credentialsId: 'registry-builder',
 *                repositories: ['team/app'], tags: [env.VERSION]) {
 *         sh 'docker push registry.corp:5000/team/app:$VERSION'
 *     }
 *
 * credentialsId: a user name with password, the standing credential of this Jenkins; the body does not see it.
 * repositories, tags: what may be pushed; tags may be patterns, and none is any tag.
 * By choice: minutes; wait (seconds for an approval); host; project, uri, operator; ca (a file of certificates).
 *
 * Job, number, commit, branch and page are those of the build. The person who started it comes from the build user plugin,
 * where BUILD_USER_ID is set. The docker client finds the login by DOCKER_CONFIG, podman and others by REGISTRY_AUTH_FILE.
 */
def call(Map options, Closure body) {
    ['url', 'credentialsId', 'repositories'].each { key ->
        if (!options[key]) {
            error("wardenPush: ${key} is missing")
        }
    }
    def known = ['url', 'credentialsId', 'repositories', 'tags', 'minutes', 'wait', 'host', 'project', 'uri', 'operator', 'ca']
    def unknown = options.keySet().find { key -> !known.contains(key) }
    if (unknown) {
        error("wardenPush: ${unknown} is not known; there are ${known.join(', ')}")
    }
    // Beside the workspace, so that no archive or image of it takes the login along.
    def folder = "${pwd(tmp: true)}/push-grant-${UUID.randomUUID()}"
    def script = "${folder}.sh"
    writeFile(file: script, text: libraryResource('push-grant.sh'))
    def ca = options.ca ? ['--ca', options.ca] : []
    def arguments = ['--folder', folder, '--url', options.url] + ca
    options.repositories.each { name -> arguments += ['--repository', name] }
    options.tags?.each { tag -> arguments += ['--tag', tag] }
    def facts = [
        minutes : options.minutes,
        wait    : options.wait,
        host    : options.host,
        project : options.project,
        uri     : options.uri ?: env.GIT_URL,
        job     : env.JOB_NAME,
        number  : env.BUILD_NUMBER,
        commit  : env.GIT_COMMIT,
        ref     : env.GIT_BRANCH,
        page    : env.BUILD_URL,
        operator: options.operator ?: env.BUILD_USER_ID,
    ]
    facts.each { name, value ->
        if (value) {
            arguments += ["--${name}", value]
        }
    }
    try {
        withCredentials([usernamePassword(
            credentialsId: options.credentialsId,
            usernameVariable: 'WARDEN_USER',
            passwordVariable: 'WARDEN_PASSWORD',
        )]) {
            sh(label: 'push grant', script: "#!/bin/sh\nsh ${quote(script)} begin ${arguments.collect { quote(it) }.join(' ')}")
        }
        withEnv(["DOCKER_CONFIG=${folder}/docker", "REGISTRY_AUTH_FILE=${folder}/docker/config.json"]) {
            body()
        }
    } finally {
        def end = (['end', '--folder', folder] + ca).collect { quote(it) }.join(' ')
        sh(label: 'end of the push grant', script: "#!/bin/sh\nsh ${quote(script)} ${end}; rm -f ${quote(script)}")
    }
}

/** One word for a shell, whatever it holds. */
private String quote(Object text) {
    return "'" + text.toString().replace("'", "'\\''") + "'"
}
