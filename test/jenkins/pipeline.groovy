// The steps of a pipeline that vars/wardenPush.groovy uses, as Jenkins does them as far as it can tell: commands run with
// the environment of the blocks around them, and what is secret is masked in their output.
//
// Arguments: the folder of the library, a Jenkinsfile. The environment of the process has the parameters of the build.
def library = new File(args[0])
def environment = new LinkedHashMap(System.getenv().findAll { name, _ -> name in ['PATH', 'HOME', 'TMPDIR'] })
def secrets = [System.getenv('STANDING_PASSWORD')]
def build = System.getenv().findAll { name, _ -> name.startsWith('BUILD_') || name.startsWith('JOB_') || name.startsWith('GIT_') }
environment.putAll(build)
def workspace = new File(System.getenv('WORKSPACE'))

def inside = { Map more, Closure body ->
    def before = new LinkedHashMap(environment)
    environment.putAll(more)
    try {
        return body()
    } finally {
        environment.clear()
        environment.putAll(before)
    }
}

def steps = [
    env               : [:].withDefault { name -> environment[name] },
    error             : { String text -> throw new IllegalStateException(text) },
    pwd               : { Map options -> "${workspace}@tmp".toString() },
    libraryResource   : { String name -> new File(library, "resources/${name}").text },
    writeFile         : { Map options ->
        new File(options.file).parentFile.mkdirs()
        new File(options.file).text = options.text
    },
    usernamePassword  : { Map options -> options },
    withCredentials   : { List bindings, Closure body ->
        def more = bindings.collectEntries { one ->
            assert one.credentialsId == 'registry-builder'
            [(one.usernameVariable): System.getenv('STANDING_USER'), (one.passwordVariable): System.getenv('STANDING_PASSWORD')]
        }
        inside(more, body)
    },
    withEnv           : { List pairs, Closure body ->
        inside(pairs.collectEntries { pair -> pair.toString().split('=', 2) as List }, body)
    },
    sh                : { Object options ->
        def text = options instanceof Map ? options.script : options
        // As Jenkins does: without an interpreter of its own a script is traced.
        def script = text.toString().startsWith('#!') ? text.toString() : "#!/bin/sh\nset -xe\n${text}".toString()
        def file = File.createTempFile('step', '.sh')
        file.text = script
        def builder = new ProcessBuilder('sh', script.startsWith('#!/bin/sh\nset -xe') ? '-xe' : '-e', file.path)
        builder.environment().clear()
        builder.environment().putAll(environment.collectEntries { name, value -> [name.toString(), value.toString()] })
        builder.redirectErrorStream(true).directory(workspace)
        def process = builder.start()
        def output = process.inputStream.text
        secrets.each { secret -> output = output.replace(secret, '****') }
        print output
        def status = process.waitFor()
        file.delete()
        if (status != 0) {
            throw new IllegalStateException("script returned exit code ${status}")
        }
    },
]

def shell = new GroovyShell(new Binding(steps))
def step = shell.parse(new File(library, 'vars/wardenPush.groovy'))
steps.each { name, value -> step.binding.setVariable(name, value) }
def jenkinsfile = new Binding(steps)
jenkinsfile.setVariable('wardenPush', { Map options, Closure body -> step.call(options, body) })
try {
    new GroovyShell(jenkinsfile).evaluate(new File(args[1]))
    println 'Finished: SUCCESS'
} catch (IllegalStateException failure) {
    println failure.message
    println 'Finished: FAILURE'
    System.exit(1)
}
