using System.Diagnostics;

namespace IlZo.Cli.Tests;

/// <summary>The command among others: usage, pipes, full disks, listings.</summary>
public sealed class ShellTests
{
    [Theory]
    [InlineData("ilzo train --help", "train", "--nonsense")]
    [InlineData("ilzo --help", "fly")]
    [InlineData("ilzo ls --help", "ls", "planets")]
    [InlineData("ilzo replay --help", "replay")]
    [InlineData("ilzo generate --help", "generate", "--max-new-tokens", "many")]
    public void Wrong_usage_exits_with_2_and_points_to_help(string hint, params string[] arguments)
    {
        var outcome = Ilzo.Run(arguments);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Equal(string.Empty, outcome.Output);
        string[] lines = outcome.Errors.Split('\n');
        Assert.StartsWith("ilzo: ", lines[0], StringComparison.Ordinal);
        Assert.Equal([$"Try '{hint}'.", string.Empty], lines[1..]);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("train", "--help")]
    [InlineData("score", "-h")]
    [InlineData("--version")]
    public void Help_is_a_result(params string[] arguments)
    {
        var outcome = Ilzo.Run(arguments);
        Assert.NotEmpty(outcome.Success);
        Assert.Equal(string.Empty, outcome.Errors);
    }

    [Fact]
    public void Serving_without_the_program_that_serves_says_where_it_comes_from()
    {
        string message = Ilzo.RunAlone("serve", "--port", "0").Refusal(2);
        Assert.StartsWith("There is no program ilzo-serve in '", message, StringComparison.Ordinal);
        Assert.Contains("dotnet publish src/IlZo.Server -c Release ", message, StringComparison.Ordinal);
        Assert.Contains(" -r RID -o DIR' puts it there", message, StringComparison.Ordinal);
        Assert.StartsWith("--port is 65536; ", Ilzo.RunAlone("serve", "--port", "65536").Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_alone_shows_the_three_next_ones()
    {
        var outcome = Ilzo.Run();
        Assert.Equal(string.Empty, outcome.Errors);
        Assert.Equal(3, outcome.Success.Split('\n').Count(line => line.StartsWith("  ilzo ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("tran", "'tran' is not a command; one of train, ", "Did you mean train?")]
    [InlineData("finetune", "'finetune' is not a command; ", "It is called train here.")]
    [InlineData("train --learning-rate 1e-4", "'--learning-rate' is not an option of 'ilzo train'.", "It is called --lr here.")]
    [InlineData("train --epochs 3", "'--epochs' is not an option of 'ilzo train'.", "It is called --steps here. A step takes one batch, ")]
    [InlineData("train --batch_size=4", "'--batch_size' is not an option of 'ilzo train'.", "Did you mean --batch-size?")]
    [InlineData("generate --temprature 1", "'--temprature' is not an option of 'ilzo generate'.", "Did you mean --temperature?")]
    [InlineData("generate --max_tokens 4", "'--max_tokens' is not an option of 'ilzo generate'.", "It is called --max-new-tokens here.")]
    [InlineData("chat --system-prompt Hi", "'--system-prompt' is not an option of 'ilzo chat'.", "It is called --system here.")]
    [InlineData("ls optimisers", "'optimisers' is not a command; ", "Did you mean optimizers?")]
    [InlineData("train --zzz 1", "'--zzz' is not an option of 'ilzo train'.", "")]
    [InlineData("train --optimizer mezzo", "", "Did you mean mezo?")]
    [InlineData("compare --optimizers mezo,lorem", "", "Did you mean loren?")]
    [InlineData("train --task sts2", "", "Did you mean sst2?")]
    [InlineData("train --schedule cosin", "", "Did you mean cosine?")]
    [InlineData("train --dtype fp61", "", "Did you mean fp16?")]
    public void A_word_that_there_is_not_is_named_with_the_one_that_was_meant(string line, string problem, string meant)
    {
        var outcome = Ilzo.Run(line.Split(' '));
        Assert.Equal((2, string.Empty), (outcome.ExitCode, outcome.Output));
        string first = outcome.Errors.Split('\n')[0];
        Assert.StartsWith($"ilzo: {problem}", first, StringComparison.Ordinal);
        Assert.Contains(meant, first, StringComparison.Ordinal);
        string[] sentences = [" Did you mean ", " It is called "];
        Assert.Equal(meant.Length > 0, sentences.Any(sentence => first.Contains(sentence, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("tr", "train")]
    [InlineData("train --optimizer mez", "mezo mezo-adam")]
    [InlineData("train --schedule ", "constant linear cosine")]
    [InlineData("train --weight-d", "--weight-decay")]
    [InlineData("train --steps ", "")]
    [InlineData("generate --model built", "builtin")]
    [InlineData("generate --json --top", "--top-k --top-p")]
    [InlineData("ls ", "models tasks optimizers --help")]
    [InlineData("ls optimizers --verb", "--verbose")]
    [InlineData("completion ", "bash zsh fish powershell --help")]
    [InlineData("bench make --shape opt-1.", "opt-1.3b")]
    [InlineData("score --input note", "notes.txt")]
    public void Bash_completes_commands_options_and_values(string line, string expected)
    {
        using var temp = new TempFolder();
        string script = temp.Write("completion.bash", Ilzo.Run("completion", "bash").Success);
        temp.Write("notes.txt", "");
        string words = string.Join(' ', line.Split(' ').Select(word => $"'{word}'"));
        var (code, output, errors) = Shell(
            $"cd '{temp.Path}'; source '{script}'; COMP_WORDS=(ilzo {words}); COMP_CWORD={line.Split(' ').Length}; _ilzo; "
                + "echo \"${COMPREPLY[*]}\"");
        Assert.Equal((0, string.Empty), (code, errors));
        string[] found = output.TrimEnd('\n').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (string word in expected.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.Contains(word, found);
        }

        string current = line.Split(' ')[^1];
        Assert.All(found, word => Assert.StartsWith(current, word, StringComparison.Ordinal));
        Assert.Equal(expected.Length > 0, found.Length > 0);
    }

    [Theory]
    [InlineData("zsh", "('ilzo train --optimizer') compadd -- mezo ", "compdef _ilzo ilzo")]
    [InlineData("fish", "-n 'test (__ilzo_place) = \"ilzo train\"' -l optimizer -x -a 'mezo ", "set place \"$place $word\"")]
    [InlineData("powershell", "'ilzo train --optimizer' = 'mezo ", "Register-ArgumentCompleter -Native -CommandName ilzo")]
    public void Other_shells_have_scripts_of_the_same_words(string shell, params string[] expected)
    {
        string script = Ilzo.Run("completion", shell).Success;
        Assert.All(expected, part => Assert.Contains(part, script, StringComparison.Ordinal));
        Assert.All(["chat", "--repetition-penalty", "ilzo bench gemm"], part => Assert.Contains(
            shell == "fish" ? part.TrimStart('-') : part, script, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(100, "  projected gradient ")]
    [InlineData(60, "  loss ")]
    [InlineData(40, "step ")]
    [InlineData(15, "ETA ")]
    public void A_narrow_terminal_keeps_how_fast_a_training_is_and_when_it_ends(int columns, string kept)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "This system has no command script, which makes a terminal.");
        using var temp = new TempFolder();
        string arguments = string.Join(' ', TinyRun.Command(3, "--run", temp["run"]).Select(a => $"'{a}'"));
        var (_, output, _) = Shell($"NO_COLOR=1 script -qec \"stty cols {columns}; {{0}} {arguments}\" /dev/null");
        string[] lines = [.. output.Split('\r', '\n').Where(l => l.EndsWith("\u001b[K", StringComparison.Ordinal)).Select(l => l[..^3])];
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, columns - 1));
        Assert.All(lines, line => Assert.Contains(kept, line, StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Contains("ETA ", line, StringComparison.Ordinal));
        Assert.DoesNotContain("\u001b[3", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Listings_name_what_there_is()
    {
        Assert.Contains("\nopt ", Ilzo.Run("ls", "models").Success, StringComparison.Ordinal);
        Assert.Contains("\ncopa ", Ilzo.Run("ls", "tasks").Success, StringComparison.Ordinal);
        var optimizers = Ilzo.Run("ls", "optimizers", "--json").Json.GetProperty("optimizers");
        Assert.Equal("mezo", optimizers[0].GetProperty("name").GetString());
    }

    [Fact]
    public void Devices_name_the_processor()
    {
        Assert.Equal(Environment.ProcessorCount, Ilzo.Run("devices", "--json").Json.GetProperty("processors").GetInt32());
    }

    [Fact]
    public void Inspect_counts_each_parameter_once()
    {
        // The output embedding is tied to the token embedding.
        var model = Ilzo.Run("inspect", "builtin", "--json").Json;
        Assert.Equal("OPTForCausalLM", model.GetProperty("architecture").GetString());
        Assert.Equal(5_919_232, model.GetProperty("parameters").GetInt64());
        Assert.Equal(4096, model.GetProperty("vocabulary").GetInt32());
        var memory = model.GetProperty("training_memory");
        Assert.Equal(2 * 5_919_232, memory.GetProperty("weights_bytes").GetInt64());
        Assert.Equal(2L * 16 * 128 * 4 * 6 * 256, memory.GetProperty("activations_bytes").GetInt64());
        Assert.Equal(0, memory.GetProperty("optimizer_bytes").GetInt64());
        var adam = Ilzo.Run("inspect", "builtin", "--json", "--optimizer", "mezo-adam").Json.GetProperty("training_memory");
        Assert.Equal(8 * 5_919_232, adam.GetProperty("optimizer_bytes").GetInt64());
        var wide = Ilzo.Run("inspect", "builtin", "--json", "--dtype", "fp32", "--batch-size", "1", "--seq", "1").Json.GetProperty(
            "training_memory");
        Assert.Equal(4 * 5_919_232, wide.GetProperty("weights_bytes").GetInt64());
        Assert.Equal(8 * 6 * 256, wide.GetProperty("activations_bytes").GetInt64());
    }

    [Fact]
    public void Inspect_predicts_for_texts_that_the_model_takes() =>
        Assert.Equal(
            "--seq is 513, but the model's texts have 512 tokens at most.", Ilzo.Run("inspect", "builtin", "--seq", "513").Refusal(2));

    [Fact]
    public void Output_is_UTF8_without_a_mark_and_ends_lines_with_a_line_feed()
    {
        var (code, output, _) = Shell(
            "{0} score --text 'café — naïve' | head -c 1 | od -An -tx1; {0} generate --prompt 'café' --max-new-tokens 0 --echo");
        Assert.Equal(0, code);
        Assert.Equal(" 7b\ncafé", output);
    }

    [Fact]
    public void A_closed_pipe_is_no_error()
    {
        var (code, output, errors) = Shell(
            "set -o pipefail; {0} generate --model '" + TestData.Stories + "' --max-new-tokens 60 | head -c 4");
        Assert.Equal("Once", output);
        Assert.Equal(string.Empty, errors);
        Assert.Equal(0, code);
    }

    [Fact]
    public void A_full_output_is_an_error()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This system has no /dev/full.");
        var (code, _, errors) = Shell("{0} score --text good > /dev/full");
        Assert.Equal(1, code);
        Assert.StartsWith("ilzo: ", errors, StringComparison.Ordinal);
        Assert.Single(errors, '\n');
    }

    [Theory]
    [InlineData("2> /dev/full")]
    [InlineData("2>&-")]
    public void Work_goes_on_where_messages_cannot_be_written(string redirection)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This system has no /dev/full.");
        using var temp = new TempFolder();
        string arguments = string.Join(' ', TinyRun.Command(2, "--run", temp["run"], "--json").Select(a => $"'{a}'"));
        var (code, output, _) = Shell($"{{0}} {arguments} {redirection}");
        Assert.Equal(0, code);
        Assert.EndsWith("}\n", output, StringComparison.Ordinal);
        Assert.Equal(2, Shell($"{{0}} train --lr NaN {redirection}").Code);
    }

    [Fact]
    public void A_full_disk_leaves_nothing_half_written()
    {
        using var temp = new TempFolder();
        Directory.CreateDirectory(temp["disk"]);
        Assert.SkipUnless(
            Shell($"mount -t tmpfs -o size=64k tmpfs '{temp["disk"]}'").Code == 0, "This process may not mount a file system.");
        try
        {
            var outcome = Ilzo.Run("score", "--text", "good and bad and good and bad", "--logits", temp["disk", "logits.safetensors"]);
            Assert.Equal(1, outcome.ExitCode);
            Assert.Contains("logits.safetensors", outcome.Errors, StringComparison.Ordinal);
            Assert.Single(outcome.Errors, '\n');
            var train = Ilzo.Run(TinyRun.Command(20, "--run", temp["disk", "run"]));
            Assert.Equal(1, train.ExitCode);
            Assert.Contains(temp["disk"], train.Errors.Split('\n')[^2], StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFiles(temp["disk"]));
            Assert.False(Path.Exists(temp["disk", "run", "checkpoint"]));
            Assert.DoesNotContain(
                Directory.EnumerateFileSystemEntries(temp["disk", "run"]),
                p => Path.GetFileName(p).Contains(".tmp-", StringComparison.Ordinal));
        }
        finally
        {
            Shell($"umount '{temp["disk"]}'");
        }
    }

    [Fact]
    public void A_place_that_is_only_read_is_not_taken_for_a_run_that_is_being_written()
    {
        using var temp = new TempFolder();
        Directory.CreateDirectory(temp["disk"]);
        Assert.SkipUnless(Shell($"mount -t tmpfs tmpfs '{temp["disk"]}'").Code == 0, "This process may not mount a file system.");
        try
        {
            TinyRun.Train(temp["disk", "run"], 1);
            Assert.Equal(0, Shell($"mount -o remount,ro '{temp["disk"]}'").Code);
            string[] lines = Ilzo.Run("train", "--run", temp["disk", "run"], "--resume").Errors.Split('\n');
            Assert.Contains("Read-only file system", lines[^2], StringComparison.Ordinal);
        }
        finally
        {
            Shell($"umount '{temp["disk"]}'");
        }
    }

    // Runs a line of bash, with {0} for the command.
    internal static (int Code, string Output, string Errors) Shell(string line)
    {
        var info = new ProcessStartInfo("bash", ["-c", line.Replace("{0}", Ilzo.ShellCommand, StringComparison.Ordinal)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(info)!;
        string output = process.StandardOutput.ReadToEnd();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors);
    }
}
