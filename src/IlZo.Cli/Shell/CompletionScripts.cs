using System.Text;

namespace IlZo.Cli.Shell;

/// <summary>Scripts by which shells complete the command: its words, the values of its options, and paths where they may stand.</summary>
internal static class CompletionScripts
{
    /// <summary>The shells, and the script for each.</summary>
    public static IReadOnlyList<(string Shell, string Install, Func<IReadOnlyList<CompletedCommand>, string> Write)> All { get; } =
    [
        ("bash", "source <(ilzo completion bash)", Bash),
        ("zsh", "source <(ilzo completion zsh)", Zsh),
        ("fish", "ilzo completion fish | source", Fish),
        ("powershell", "ilzo completion powershell | Out-String | Invoke-Expression", PowerShell),
    ];

    private static string Bash(IReadOnlyList<CompletedCommand> commands)
    {
        var script = new StringBuilder("""
            # Completion of ilzo in bash: source <(ilzo completion bash)
            _ilzo_words() { COMPREPLY+=($(compgen -W "$1" -- "$2")); }
            _ilzo_paths() { local path; while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -f -- "$1"); }
            _ilzo() {
                local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" place=ilzo i
                COMPREPLY=()
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case "$place ${COMP_WORDS[i]}" in

            """);
        script.Append($"            {Places(commands)}) place=\"$place ${{COMP_WORDS[i]}}\" ;;\n        esac\n    done\n");
        script.Append("    case \"$place $previous\" in\n");
        foreach (var (place, option) in Values(commands))
        {
            string words = option.Values.Count > 0 ? $"_ilzo_words '{string.Join(' ', option.Values)}' \"$current\"; " : string.Empty;
            string paths = option.MayBePath ? "_ilzo_paths \"$current\"; " : string.Empty;
            script.Append($"        '{place} {option.Name}') {words}{paths}return ;;\n");
        }

        script.Append("    esac\n    case \"$place\" in\n");
        foreach (var command in commands)
        {
            string paths = command.TakesPath ? "; [[ $current == -* ]] || _ilzo_paths \"$current\"" : string.Empty;
            script.Append($"        '{command.Place}') _ilzo_words '{string.Join(' ', command.Words)}' \"$current\"{paths} ;;\n");
        }

        return script.Append("    esac\n}\ncomplete -o filenames -F _ilzo ilzo\n").ToString();
    }

    private static string Zsh(IReadOnlyList<CompletedCommand> commands)
    {
        var script = new StringBuilder("""
            #compdef ilzo
            # Completion of ilzo in zsh: source <(ilzo completion zsh), or as a file _ilzo in a folder of $fpath
            _ilzo() {
                local previous="${words[CURRENT-1]}" place=ilzo i
                for ((i = 2; i < CURRENT; i++)); do
                    case "$place ${words[i]}" in

            """);
        script.Append($"            ({Places(commands)}) place=\"$place ${{words[i]}}\" ;;\n        esac\n    done\n");
        script.Append("    case \"$place $previous\" in\n");
        foreach (var (place, option) in Values(commands))
        {
            string words = option.Values.Count > 0 ? $"compadd -- {string.Join(' ', option.Values)}; " : string.Empty;
            script.Append($"        ('{place} {option.Name}') {words}{(option.MayBePath ? "_files; " : string.Empty)}return ;;\n");
        }

        script.Append("    esac\n    case \"$place\" in\n");
        foreach (var command in commands)
        {
            string paths = command.TakesPath ? "; _files" : string.Empty;
            script.Append($"        ('{command.Place}') compadd -- {string.Join(' ', command.Words)}{paths} ;;\n");
        }

        return script.Append("    esac\n}\nif [ \"$funcstack[1]\" = _ilzo ]; then _ilzo; else compdef _ilzo ilzo; fi\n").ToString();
    }

    private static string Fish(IReadOnlyList<CompletedCommand> commands)
    {
        var script = new StringBuilder("""
            # Completion of ilzo in fish: ilzo completion fish | source
            function __ilzo_place
                set -l place ilzo
                set -l words (commandline -opc)
                for word in $words[2..-1]
                    switch "$place $word"

            """);
        string places = string.Join(' ', commands.Skip(1).Select(c => $"'{c.Place}'"));
        script.Append($"            case {places}\n                set place \"$place $word\"\n");
        script.Append("        end\n    end\n    echo $place\nend\ncomplete -c ilzo -f\n");
        foreach (var command in commands)
        {
            string at = $"complete -c ilzo -n 'test (__ilzo_place) = \"{command.Place}\"'";
            if (command.Commands.Count > 0)
            {
                script.Append($"{at} -a '{string.Join(' ', command.Commands)}'\n");
            }

            if (command.TakesPath)
            {
                script.Append($"{at} -F\n");
            }

            foreach (var option in command.Options)
            {
                string values = option.Values.Count > 0 ? $" -a '{string.Join(' ', option.Values)}'" : string.Empty;
                string takes = !option.HasValue ? string.Empty : option.MayBePath ? $" -r -F{values}" : $" -x{values}";
                script.Append($"{at} -l {option.Name.TrimStart('-')}{takes}\n");
            }
        }

        return script.ToString();
    }

    private static string PowerShell(IReadOnlyList<CompletedCommand> commands)
    {
        var script = new StringBuilder("""
            # Completion of ilzo in PowerShell: ilzo completion powershell | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName ilzo -ScriptBlock {
                param($wordToComplete, $commandAst, $cursorPosition)
                $words = @{

            """);
        foreach (var command in commands)
        {
            script.Append($"        '{command.Place}' = '{string.Join(' ', command.Words)}'\n");
        }

        script.Append("    }\n    $values = @{\n");
        foreach (var (place, option) in Values(commands).Where(v => !v.Option.MayBePath || v.Option.Values.Count > 0))
        {
            script.Append($"        '{place} {option.Name}' = '{string.Join(' ', option.Values)}'\n");
        }

        return script.Append("""
                }
                $place = 'ilzo'
                $previous = ''
                foreach ($element in @($commandAst.CommandElements | Select-Object -Skip 1)) {
                    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
                    $previous = $element.ToString()
                    if ($words.ContainsKey("$place $previous")) { $place = "$place $previous" }
                }
                $candidates = if ($values.ContainsKey("$place $previous")) { $values["$place $previous"] } else { $words[$place] }
                $candidates.Split(' ') | Where-Object { $_ -and $_.StartsWith($wordToComplete) } | ForEach-Object {
                    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
                }
            }

            """).ToString();
    }

    private static string Places(IReadOnlyList<CompletedCommand> commands) =>
        string.Join('|', commands.Skip(1).Select(c => $"'{c.Place}'"));

    private static IEnumerable<(string Place, CompletedOption Option)> Values(IReadOnlyList<CompletedCommand> commands) =>
        commands.SelectMany(c => c.Options.Where(o => o.HasValue).Select(o => (c.Place, o)));
}
