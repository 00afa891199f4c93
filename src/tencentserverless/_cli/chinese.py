"""The texts of the command line in Simplified Chinese, by their English text. A test compares them with the code."""

TEXTS = {
    "\nWhat to type next:\n": "\n接下来可以输入：\n",
    "--resume goes on.": "用 --resume 继续。",
    "--resume needs -o, the file of the results": "--resume 需要用 -o 指定结果文件",
    "; the events without an answer: {name}": "；没有得到结果的事件：{name}",
    "Interrupted.": "已中断。",
    "Waiting for the invocations under way. Ctrl-C again leaves them.": (
        "正在等待进行中的调用。再按一次 Ctrl-C 则不再等待。"
    ),
    "each line is one event; jq -c '.[]' makes such lines of a JSON array": (
        "每行是一个事件；可以用 jq -c '.[]' 把 JSON 数组转换成这样的行"
    ),
    "not JSON: {reason}. The line begins with: {shown}": "不是 JSON：{reason}。该行开头是：{shown}",
    "this is not UTF-8": "不是 UTF-8 编码",
    "this is not UTF-8, perhaps GBK; convert it: iconv -f GBK -t UTF-8": (
        "不是 UTF-8 编码，可能是 GBK；可以这样转换：iconv -f GBK -t UTF-8"
    ),
    "this is {encoding}; save the file as UTF-8": "这是 {encoding} 编码；请另存为 UTF-8",
    "{answers} answers, {failed} failures, {maybe} maybe, in {time}": (
        "得到结果 {answers} 个，失败 {failed} 个，可能已运行 {maybe} 个，用时 {time}"
    ),
    "{count} invocations were under way and may go on.": "有 {count} 个调用正在进行，可能会继续运行。",
    "{done} done": "已完成 {done}",
    "{done}/{total}": "{done}/{total}",
    "{failed} failed": "失败 {failed}",
    "{folder} does not have the function {name}. It has: {names}": "{folder} 中没有函数 {name}，只有：{names}",
    "{folder} has several functions: give FOLDER:NAME. It has: {names}": (
        "{folder} 中有多个函数，请写成 FOLDER:NAME。其中有：{names}"
    ),
    "{folder} is not empty: give the name of a new folder": "{folder} 不是空文件夹：请换一个新文件夹名",
    "{maybe} maybe": "可能已运行 {maybe}",
    "{name} exists: --resume goes on with it, another -o begins anew": (
        "{name} 已存在：用 --resume 继续，或用 -o 指定另一个文件重新开始"
    ),
    "{name} has other lines than results": "{name} 中有不是结果的行",
    "{name} is in several regions: {regions}. Give its own folder": (
        "{name} 在多个地域中：{regions}。请给出它自己的文件夹"
    ),
    "{name} is missing: without it --resume cannot go on": "缺少 {name}，--resume 无法继续",
    "{place}: {why}": "{place}：{why}",
    "{rate}/s": "{rate}/秒",
    "{time} left": "剩余 {time}",
}
