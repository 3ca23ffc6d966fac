using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit;

namespace IlZo.Cli.Tests;

/// <summary>Files that are no plain files, that change while they are in use, or whose names are not UTF-8.</summary>
public sealed class FileSafetyTests
{
    private static readonly string[] s_endless = ["--eval-every", "10000000"];

    // Each step of LoRA reads the base weights where they lie in the file.
    [Fact]
    public async Task A_base_that_is_cut_during_a_run_ends_it_with_a_sentence()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere a mapped file cannot be cut.");
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        string weights = Path.Combine(model, "model.safetensors");
        var outcome = await Disturb(temp["run"], model, s_endless, () => File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..2000]));
        Assert.Equal(1, outcome.ExitCode);
        Assert.EndsWith(
            $"ilzo: '{weights}' became shorter while it was in use, or the disk cannot read it; "
                + "a file that does not change was expected.\n",
            outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_base_that_is_written_to_is_found_at_the_next_evaluation()
    {
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        string weights = Path.Combine(model, "model.safetensors");
        var outcome = await Disturb(temp["run"], model, ["--eval-every", "5"], () =>
        {
            using var stream = new FileStream(weights, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            stream.Seek(-4, SeekOrigin.End);
            stream.Write([1, 2, 3, 4]);
        });
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"ilzo: '{weights}' was written to at ", outcome.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_base_that_is_replaced_is_found_at_the_next_evaluation()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Which file it is, is told on Linux.");
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        string weights = Path.Combine(model, "model.safetensors");
        var outcome = await Disturb(temp["run"], model, ["--eval-every", "5"], () =>
        {
            File.Copy(weights, weights + ".new");
            File.Move(weights + ".new", weights, overwrite: true);
        });
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"ilzo: '{weights}' was replaced by another one since it was opened", outcome.Errors, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Pipes => new()
    {
        { "model.safetensors", "model" }, { "config.json", "model" }, { "tokenizer.json", "model" }, { "tokenizer.model", "model" },
        { "train.jsonl", "--data" }, { "task.json", "--task" }, { "settings.json", "--config" }, { "adapter_config.json", "--adapter" },
        { "adapter_model.safetensors", "--adapter" },
    };

    [Theory]
    [MemberData(nameof(Pipes))]
    public void A_pipe_in_the_place_of_a_file_is_refused(string file, string place)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What kind of file it is, is told on Linux.");
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        string folder = place == "model" ? model : Directory.CreateDirectory(temp["files"]).FullName;
        string path = Path.Combine(folder, file);
        if (file == "adapter_model.safetensors")
        {
            File.WriteAllText(Path.Combine(folder, "adapter_config.json"), """{"peft_type": "LORA", "target_modules": ["q_proj"]}""");
        }

        if (file == "tokenizer.model")
        {
            File.Delete(Path.Combine(model, "tokenizer.json"));
        }

        File.Delete(path);
        Run("mkfifo", path);
        string[] flags = place switch
        {
            "model" => [],
            "--adapter" or "--data" => [place, folder],
            _ => [place, path],
        };
        string message = Ilzo.Run(TinyRun.Command(1, ["--model", model, "--run", temp["run"], .. flags])).Refusal(2);
        Assert.Contains($"'{path}' is a pipe, a device or a socket; a plain file was expected", message, StringComparison.Ordinal);
        Assert.False(Path.Exists(temp["run"]));
    }

    [Fact]
    public void A_device_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Devices are files on Linux.");
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        File.Delete(Path.Combine(model, "config.json"));
        File.CreateSymbolicLink(Path.Combine(model, "config.json"), "/dev/zero");
        Assert.Contains("config.json' is a pipe, a device or a socket", Ilzo.Run("inspect", model).Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_that_is_not_UTF_8_is_refused_and_nothing_is_written_elsewhere()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Names of files are bytes on Linux.");
        using var temp = new TempFolder();
        string arguments = string.Join(' ', TinyRun.Command(1).Select(a => $"'{a}'"));
        Assert.Equal("2", Run(
            "bash", "-c", $"cd '{temp.Path}'; {Ilzo.ShellCommand} {arguments} --run \"run$(printf '\\377')\" >out 2>err; printf $?"));
        Assert.Contains("has bytes that are not UTF-8", File.ReadAllText(temp["err"]), StringComparison.Ordinal);
        Assert.Equal(["err", "out"], Directory.EnumerateFileSystemEntries(temp.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_working_folder_that_is_not_UTF_8_is_refused_and_nothing_is_written_elsewhere()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Names of files are bytes on Linux.");
        using var temp = new TempFolder();
        string arguments = string.Join(' ', TinyRun.Command(1).Select(a => $"'{a}'"));
        Assert.Equal("2", Run("bash", "-c", $"cd '{temp.Path}'; f=\"$(printf 'a\\377')\"; mkdir \"$f\"; cd \"$f\"; {Ilzo.ShellCommand} "
            + $"{arguments} --run x >../out 2>../err; printf $?; cd ..; rm -r \"$f\""));
        Assert.Contains("The working folder", File.ReadAllText(temp["err"]), StringComparison.Ordinal);
        Assert.Equal(["err", "out"], Directory.EnumerateFileSystemEntries(temp.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_replacement_character_itself_is_a_character()
    {
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model\uFFFD");
        _ = Ilzo.Run("inspect", model).Success;
    }

    [Fact]
    public void Sizes_whose_product_wraps_are_refused_by_every_command()
    {
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        string path = Path.Combine(model, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        foreach (string field in (string[])["num_attention_heads", "num_key_value_heads"])
        {
            config[field] = 1 << 14;
        }

        config["head_dim"] = (1 << 18) + 2;
        File.WriteAllText(path, config.ToJsonString());
        string named = "num_attention_heads × head_dim is 4295000064";
        File.WriteAllText(temp["texts.jsonl"], "{\"text\": \"a\"}\n");
        foreach (string[] command in (string[][])[["inspect", model], [
            "generate", "--model", model,
        ], ["eval", "--model", model, "--task", "sst2"], TinyRun.Command(1, "--model", model, "--run", temp["run"])])
        {
            Assert.Contains(named, Ilzo.Run(command).Refusal(2), StringComparison.Ordinal);
        }
    }

    // Trains without an end until it has taken some steps, does something to its files, and waits for what becomes of it.
    private static async Task<Outcome> Disturb(string run, string model, string[] flags, Action disturbance)
    {
        using var process = Ilzo.Start(
            null, TinyRun.Command(100_000_000, ["--model", model, "--run", run, "--adapter", "lora", "--lr", "1e-9", .. flags]));
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        string log = Path.Combine(run, "trajectory.bin");
        while (!process.HasExited && !(File.Exists(log) && new FileInfo(log).Length > 1000))
        {
            Thread.Yield();
        }

        disturbance();
        await process.WaitForExitAsync();
        return new Outcome(process.ExitCode, await output, await errors);
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
