"""The help of the command line in Simplified Chinese: its texts by the English ones, and how a page is laid out."""

# ruff: noqa: E501  a text stands on one line

import re
from collections.abc import Iterable

import click

from tencentserverless._cli.text_width import SECOND_COLUMN, WIDE

TEXTS = {
    "Invoke Tencent Cloud SCF functions, or run them on this machine.": "调用腾讯云 SCF 函数，或在本机运行函数。",
    "Show the version and exit.": "显示版本并退出。",
    "Show this message and exit.": "显示本帮助并退出。",
    # The list of verbs.
    "Find what goes wrong in the cloud, before it does.": "提前找出在云上会出错的地方。",
    "Print the event that a trigger sends.": "打印触发器发送的事件。",
    "List functions, and how each was invoked last.": "列出函数及各自最近一次调用的情况。",
    "Write a folder with a function and its test.": "生成一个包含函数及其测试的文件夹。",
    "Invoke a function and print what it returned.": "调用函数并打印返回值。",
    "Print the variables for programs that use the running endpoint.": "打印使用本地服务的程序所需的环境变量。",
    "Serve functions while a command runs.": "在一条命令运行期间提供函数。",
    "Run one function once on this machine.": "在本机运行一个函数一次。",
    "Serve functions until Ctrl-C.": "提供函数，直到按下 Ctrl-C。",
    "Stop the endpoint that runs.": "停止正在运行的本地服务。",
    "Show a chain of invocations as a picture of its times.": "用时间图显示一条调用链。",
    "Print the last invocations: how they ended, and what they printed.": "打印最近的调用：结果如何，输出了什么。",
    "Invoke a function with each line of a file.": "用文件的每一行调用函数。",
    "Write the zip of a function, with its packages.": "生成函数的 zip 包，包含依赖包。",
    "Print the settings of an invocation, and where each comes from.": "打印调用所用的设置及各自的来源。",
    "Print the configuration of a function.": "打印函数的配置。",
    "Print the status of an invocation.": "打印一次调用的状态。",
    "The local endpoint: an SCF on this machine.": "本地服务：在本机运行的 SCF。",
    # The paragraphs of pages.
    "Look for mistakes in the settings, and in the functions of FOLDER, that show only in the cloud.": "在设置和 FOLDER 的函数中查找只有在云上才会出现的错误。",
    "Printed first are the settings, and where each comes from. The endpoint is asked for an answer, for at most 2 seconds, and this machine's clock is compared with its time. Then the code is read, not run. Each finding has a number, a place, the reason and what to do. The exit code is 1 if there is one that is not a warning.": "先打印各项设置及其来源。然后向 API 地址请求一次应答（最多 2 秒），并把本机时钟与它的时间比较。最后读取代码，但不运行代码。每个问题都有编号、位置、原因和处理办法。存在不只是警告的问题时退出码为 1。",
    "Do not ask the endpoint for an answer and its time.": "不向 API 地址请求应答和时间。",
    "Print the event that a function gets from TRIGGER, as one line of JSON, with or without --json.": "以一行 JSON 打印函数从 TRIGGER 收到的事件，有没有 --json 都一样。",
    "Give it to a function: tencentserverless event timer | tencentserverless invoke NAME --data -": "交给函数：tencentserverless event timer | tencentserverless invoke NAME --data -",
    "List the functions of a region, or of the local endpoint that runs, and how each was invoked last.": "列出一个地域或正在运行的本地服务中的函数，以及各自最近一次调用的情况。",
    "Write a project to FOLDER: a function that runs, with a test that passes.": "在 FOLDER 中生成一个项目：可以运行的函数和能够通过的测试。",
    "FOLDER is named as the template if it is left out. hello: one function. chain: two functions, of which one invokes the other in another region. timer, cos: a function for the events of this trigger. The command prints the names of the files, and what to type next.": "不给出 FOLDER 时以模板名命名。hello：一个函数。chain：两个函数，其中一个调用另一个地域的另一个函数。timer、cos：处理该触发器事件的函数。命令会打印文件名以及接下来可以输入的命令。",
    "Invoke the function NAME and print what it returned.": "调用函数 NAME 并打印返回值。",
    "A running local endpoint is also used without --local if no option, variable or file names credentials or an endpoint.": "如果选项、环境变量和文件都没有给出密钥或 API 地址，那么不加 --local 也会使用正在运行的本地服务。",
    "The result goes to standard output, everything else to standard error. With --json the output is an object that has the result as `value`, and request_id, duration_ms, billed_ms, memory_bytes and log_tail. With --type Event it is an object with the request_id.": "返回值写到标准输出，其余内容写到标准错误。使用 --json 时输出一个对象，返回值在 `value` 中，另有 request_id、duration_ms、billed_ms、memory_bytes 和 log_tail。使用 --type Event 时输出含有 request_id 的对象。",
    "Print commands that make programs of this shell use the local endpoint that runs.": "打印一组命令，让这个 shell 中的程序使用正在运行的本地服务。",
    'Use them in a shell with: eval "$(tencentserverless local env)"': '在 shell 中使用：eval "$(tencentserverless local env)"',
    "In PowerShell: tencentserverless local env | Out-String | Invoke-Expression": "在 PowerShell 中使用：tencentserverless local env | Out-String | Invoke-Expression",
    "Serve the functions in PATH... while COMMAND runs.": "在 COMMAND 运行期间提供 PATH... 中的函数。",
    "The environment of COMMAND makes SDKs use the local endpoint. In Python programs SCF's host names lead to it too, with any keys. The exit code is that of COMMAND. If a signal ended it, the exit code is 128 plus the number of the signal. Standard output belongs to COMMAND; with --json the counters at the end, on standard error, are JSON.": "COMMAND 的环境变量让 SDK 使用本地服务。在 Python 程序中，SCF 的域名也指向本地服务，可以使用任意密钥。退出码就是 COMMAND 的退出码；如果它被信号终止，退出码为 128 加信号编号。标准输出归 COMMAND 使用；使用 --json 时，结束时写到标准错误的计数为 JSON。",
    "Run the function NAME in FOLDER once, and print what it returned.": "把 FOLDER 中的函数 NAME 运行一次，并打印返回值。",
    "The functions that it invokes must be in FOLDER, too. NAME can be left out if FOLDER has one function. Standard output and the exit code are those of `tencentserverless invoke`.": "它调用的函数也必须在 FOLDER 中。如果 FOLDER 中只有一个函数，可以省略 NAME。标准输出和退出码与 `tencentserverless invoke` 相同。",
    "Serve the functions in PATH... until Ctrl-C.": "提供 PATH... 中的函数，直到按下 Ctrl-C。",
    "Once it serves, it prints one line to standard output: a JSON object with endpoint, secret_id, secret_key and pid. The key pair is new at each start. With --tls the object also has ca_file, the certificate to trust. If records of invocations are kept, it has their file, records. Everything else goes to standard error: what to type next, and each invocation with what it prints. With --json these facts are lines of JSON.": "就绪后向标准输出打印一行：一个含有 endpoint、secret_id、secret_key 和 pid 的 JSON 对象。每次启动都会生成新的密钥。使用 --tls 时还有 ca_file，即需要信任的证书。保留调用记录时还有记录文件 records。其余内容写到标准错误：接下来可以输入的命令，以及每次调用和它的输出。使用 --json 时这些内容为每行一个 JSON。",
    "Stop the local endpoint that runs, and wait for its end.": "停止正在运行的本地服务，并等待它结束。",
    "Show the chain of invocations that REQUEST_ID, or the beginning of a request id, is part of.": "显示 REQUEST_ID（可以只给出请求 ID 的开头）所在的调用链。",
    "Each invocation is a bar: it waits for an instance, then the instance may start cold, then the handler runs. Long stretches in which nothing ran are folded. The invocations are those of the local endpoint, once they have ended.": "每次调用是一个条形：先等待实例，然后实例可能冷启动，最后运行入口函数。长时间没有运行的部分会折叠。显示的是本地服务中已经结束的调用。",
    "Print the last invocations, of the function NAME or of all: how each ended, what it printed, why it failed.": "打印函数 NAME 或所有函数最近的调用：结果如何，输出了什么，为什么失败。",
    "The local endpoint keeps records of invocations. They are used if there are some for this folder, otherwise the cloud is asked. An invocation appears when it has ended.": "本地服务会保留调用记录。如果这个文件夹有记录就使用记录，否则查询云端。调用结束后才会出现。",
    "Invoke the function NAME with each line of the file EVENTS; - is standard input.": "用文件 EVENTS 的每一行调用函数 NAME；- 表示标准输入。",
    "Each line is one event, as JSON. Results are lines of JSON too, in the order in which they come: index (the number of the event, from 0), value or error, executed, request_id and duration_ms.": "每行是一个 JSON 事件。结果也是每行一个 JSON，按返回的先后排列：index（事件的编号，从 0 开始）、value 或 error、executed、request_id 和 duration_ms。",
    'With -o results.jsonl there is also results.jsonl.journal, which --resume needs to go on after Ctrl-C or a crash, and results.failed.jsonl, the events without an answer, which are EVENTS of another run. An event that was under way has an error with executed "maybe". It is sent again only with --idempotent.': '使用 -o results.jsonl 时还会生成 results.jsonl.journal（按下 Ctrl-C 或崩溃后，--resume 靠它继续）和 results.failed.jsonl（没有得到结果的事件，可以作为下一次运行的 EVENTS）。中断时正在进行的事件会有一个 executed 为 "maybe" 的错误，只有加上 --idempotent 才会重新发送。',
    "A failure that every event would meet, such as wrong credentials, ends the run. With --json and -o the last line on standard output is an object with the numbers.": "如果出现每个事件都会遇到的失败（如密钥错误），运行就会结束。同时使用 --json 和 -o 时，标准输出的最后一行是含有各项计数的对象。",
    "Write the zip of the function in FOLDER, ready to be uploaded.": "生成 FOLDER 中函数的 zip 包，可以直接上传。",
    "The packages of its requirements.txt are added, as pip finds them for the function's runtime on Linux. Equal files give an equal zip. Keys in .env files, .git and virtual environments are left out.": "会加入 requirements.txt 中的依赖包，由 pip 按函数在 Linux 上的运行环境获取。文件相同，生成的 zip 也相同。.env 文件中的密钥、.git 和虚拟环境不会打包。",
    "Print the settings that an invocation from here would use, and where each comes from.": "打印从这里发起调用时会使用的设置，以及各自的来源。",
    "Secrets are masked. No network request is made. The exit code is 4 if credentials are missing, and 5 if another setting is wrong.": "密钥会隐藏，不会发送网络请求。缺少密钥时退出码为 4，其他设置有误时退出码为 5。",
    "Print the configuration of the function NAME, and how it was invoked last.": "打印函数 NAME 的配置，以及最近一次调用的情况。",
    "Of its environment variables only the names are printed: their values may be secret.": "环境变量只打印名称，因为值可能是机密。",
    "Print whether the invocation REQUEST_ID is running, or how it ended. The API looks back 15 minutes.": "打印调用 REQUEST_ID 是否正在运行，或者结果如何。接口只能查询最近 15 分钟。",
    "Each try of an Event invocation is a line. Older invocations: tencentserverless logs --request REQUEST_ID": "Event 调用的每次尝试为一行。更早的调用：tencentserverless logs --request REQUEST_ID",
    # Options.
    "Print JSON, one object a line.": "打印 JSON，每行一个对象。",
    "The language of messages. Default: TENCENTSERVERLESS_LANGUAGE, then that of the system.": "消息的语言。默认：TENCENTSERVERLESS_LANGUAGE，其次是系统的语言。",
    "Change one value; repeatable. PATH is a path such as Records.0.cos.cosObject.key, or its last part. VALUE is text where the sample has text, otherwise JSON.": "修改一个值，可重复使用。PATH 是路径（如 Records.0.cos.cosObject.key）或路径的最后一段。示例中为文本时 VALUE 是文本，否则是 JSON。",
    "Needed for apigw: API gateway takes no new triggers.": "apigw 需要此选项：API 网关不再支持新建触发器。",
    "Default: TENCENTCLOUD_REGION, then ap-guangzhou. Locally: all regions.": "默认：TENCENTCLOUD_REGION，其次是 ap-guangzhou。本地：所有地域。",
    "Default: all.": "默认：全部。",
    "A profile of tccli, or of ~/.tencentcloud/credentials.": "tccli 或 ~/.tencentcloud/credentials 中的配置名。",
    "The address of the API, such as http://127.0.0.1:9000.": "API 的地址，如 http://127.0.0.1:9000。",
    "Use the local endpoint that runs on this machine, see `local start`.": "使用本机正在运行的本地服务，见 `local start`。",
    "The event: JSON text, @ and a file, or - for standard input. Default: standard input if it is a pipe or a file, else no event.": "事件：JSON 文本、@ 加文件名，或用 - 表示标准输入。默认：标准输入是管道或文件时从中读取，否则没有事件。",
    "Event: do not wait.": "Event：不等待结果。",
    "Print the end of the execution log to standard error.": "把运行日志的末尾打印到标准错误。",
    "Print the result on several lines, indented.": "把返回值打印成带缩进的多行。",
    "An object for aliases that route by rule.": "用于按规则路由的别名的对象。",
    "Default: TENCENTCLOUD_REGION, then ap-guangzhou.": "默认：TENCENTCLOUD_REGION，其次是 ap-guangzhou。",
    "A version or an alias.": "版本或别名。",
    "Of one invocation.": "一次调用的超时时间。",
    "The function may run twice: retry more failures.": "函数可以重复运行：重试更多种失败。",
    "The language of the commands.": "命令所用的语言。",
    "Default: a free port.": "默认：空闲端口。",
    "The address to listen on, or localhost.": "监听的地址，或 localhost。",
    "Accept requests to this host name too, such as host.docker.internal; repeatable.": "也接受发往此主机名的请求，如 host.docker.internal，可重复使用。",
    "Accept this key pair too; repeatable. @FILE reads pairs from a file, one on each line, so that other users do not see them in the list of processes. `any` accepts unknown ids without checking their signatures.": "也接受这对密钥，可重复使用。@FILE 从文件读取密钥，每行一对，这样其他用户不会在进程列表中看到。`any` 接受未知的 ID，不检查签名。",
    "Use TLS, with a certificate that is new at each start.": "使用 TLS，每次启动都会生成新的证书。",
    "The folder of a layer that a serverless.yml names. The function finds its content in /opt; repeatable.": "serverless.yml 中写到的层所在的文件夹，可重复使用。函数在 /opt 中可以找到层的内容。",
    "The Python for a runtime, such as Python3.9=/usr/bin/python3.9; repeatable. Default: searched for.": "运行环境所用的 Python，如 Python3.9=/usr/bin/python3.9，可重复使用。默认：自动查找。",
    "The name of the function, if PATH is one function.": "PATH 是单个函数时，函数的名称。",
    "Its handler, such as main.main_handler.": "它的入口函数，如 main.main_handler。",
    "A variable of the functions; repeatable.": "函数的环境变量，可重复使用。",
    "A .env file with such variables.": "含有这些变量的 .env 文件。",
    "The timeout of the functions, in seconds.": "函数的超时时间，单位为秒。",
    "The memory of the functions, in MB.": "函数的内存，单位为 MB。",
    "Debug the functions. With pdb, the default, they stop at breakpoint() and use this terminal. With debugpy they listen for a debugger. Put this option after PATH...": "调试函数。使用 pdb（默认）时，函数在 breakpoint() 处停下并使用这个终端；使用 debugpy 时，函数等待调试器连接。请把此选项放在 PATH... 之后。",
    "With debugpy: the port for the debugger, which stays the same. Other functions have the ports after it.": "使用 debugpy 时调试器的端口，固定不变。其他函数依次使用后面的端口。",
    "Print the log of every invocation.": "打印每次调用的日志。",
    "Let COMMAND reach the cloud by SCF's host names.": "让 COMMAND 可以通过 SCF 的域名访问云上。",
    "Print the log of the function, and of those that it invokes.": "打印函数及它所调用的函数的日志。",
    "0 picks a free port.": "0 表示自动选择空闲端口。",
    "The SQLite file for records of invocations, which `logs` and `local trace` show. Default: one for each project, in your state folder. If the variable CI is set there is none.": "保存调用记录的 SQLite 文件，`logs` 和 `local trace` 显示其中的记录。默认：每个项目一个，在用户的状态文件夹中；设置了环境变量 CI 时不保存。",
    "Remove the records of invocations at the end.": "结束时删除调用记录。",
    "Show neither invocations nor what functions print.": "既不显示调用，也不显示函数的输出。",
    "Stop all that run, also those for other folders.": "停止所有正在运行的本地服务，包括其他文件夹的。",
    "The newest chain. This is the default.": "最新的调用链（默认）。",
    "Also print what each function printed, and why it failed.": "同时打印每个函数的输出和失败原因。",
    "Write the picture here.": "把图写到这个文件。",
    "Read this file of records.": "读取这个记录文件。",
    "Print the last ones, then each new one, until Ctrl-C.": "先打印最近的调用，再打印每次新的调用，直到按下 Ctrl-C。",
    "The number of invocations.": "调用的个数。",
    "Only what came after this: 30m, 2h, 7d, or 2026-01-31T09:00.": "只看此后的调用：30m、2h、7d 或 2026-01-31T09:00。",
    "Only invocations that failed.": "只看失败的调用。",
    "Only the invocation with this request id, or its beginning.": "只看此请求 ID（或以它开头）的调用。",
    "Only invocations with this text in their log, result or error.": "只看日志、返回值或错误中含有此文本的调用。",
    "Of the function. Locally: by default any.": "按此筛选函数。本地：默认不限。",
    "Look at local records only.": "只看本地记录。",
    "Ask the cloud, also if there are local records.": "查询云端，即使有本地记录。",
    "Ask the cloud, with a profile of tccli, or of ~/.tencentcloud/credentials.": "查询云端，使用 tccli 或 ~/.tencentcloud/credentials 中的配置名。",
    "Ask this API, such as http://127.0.0.1:9000.": "查询这个 API，如 http://127.0.0.1:9000。",
    "Default: standard output.": "默认：标准输出。",
    "Invocations at a time.": "同时进行的调用数。",
    "Of events that did not run.": "没有运行的事件的重试次数。",
    "Go on with the results in -o: do not repeat what is there.": "接着 -o 中的结果继续，不重复其中已有的事件。",
    "Default: the name and .zip": "默认：函数名加 .zip",
    "Default: that of serverless.yml.": "默认：serverless.yml 中的运行环境。",
    "The region of the invocation.": "调用的地域。",
    "Its function. Default: searched for in the logs.": "所属的函数。默认：在日志中查找。",
}
_HEADINGS = {"Options": "选项", "Commands": "命令"}
_FACTS = {"default: ": "默认：", "env var: ": "环境变量：", "; ": "；"}  # of options


class Formatter(click.HelpFormatter):
    """Lays out pages in Chinese. Lines may end after each Chinese character, but no line begins with a comma.

    click wraps lines at spaces, and each character counts as one column. So a Chinese character gets a space for its
    second column, or `SECOND_COLUMN`; both are removed at the end. A line may thus have one column more than the width,
    of which click leaves two free in a terminal.
    """

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:  # noqa: ARG002
        super().write_usage(prog, args, re.sub(f"({WIDE.pattern})", rf"\1{SECOND_COLUMN}", "用法："))

    def write_heading(self, heading: str) -> None:
        self.write(f"{_HEADINGS[heading]}：\n")

    def write_text(self, text: str) -> None:
        super().write_text(
            "\n\n".join(_breakable(_translated(" ".join(each.split("\n")))) for each in text.split("\n\n"))
        )

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, _breakable(_described(each))) for name, each in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        return re.sub(f"({WIDE.pattern}) ?", r"\1", super().getvalue().replace(SECOND_COLUMN, ""))


def _translated(english: str) -> str:
    return TEXTS.get(english, english)


def _described(english: str) -> str:
    """The description of an option, and the facts in brackets that click adds."""
    found = re.fullmatch(r"(?P<text>.*?)(?P<space> *)(?P<facts>\[[^]]*\])?", english, re.DOTALL)
    assert found is not None
    facts = found["facts"] or ""
    for old, new in _FACTS.items():
        facts = facts.replace(old, new)
    return f"{_translated(found['text'])}{found['space']}{facts}"


def _breakable(text: str) -> str:
    kept = re.sub(f"({WIDE.pattern})(?=[，。：；、）])|（", rf"\g<0>{SECOND_COLUMN}", text)
    return re.sub(f"({WIDE.pattern})(?!{SECOND_COLUMN})", r"\1 ", kept)
