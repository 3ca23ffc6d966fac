namespace IlZo.Cli.Tests;

/// <summary><c>--weight-memory</c>.</summary>
public sealed class WeightMemoryTests
{
    [Fact]
    public void A_run_has_the_same_bits_whatever_stays_in_memory()
    {
        using var temp = new TempFolder();
        string[] Files(string run, params string[] more)
        {
            string[] flags = ["--model", TestData.Stories, "--adapter", "lora", "--lr", "1e-2", "--run", temp[run], .. more];
            Assert.Equal(0, Ilzo.Run(TinyRun.Command(4, flags)).ExitCode);
            return [.. new[] { "trajectory.bin", Path.Combine("adapter", "adapter_model.safetensors") }.Select(
                name => Convert.ToHexString(File.ReadAllBytes(temp[run, name])))];
        }

        string[] kept = Files("kept");
        Assert.Equal(kept, Files("none", "--weight-memory", "0"));
        Assert.Equal(kept, Files("some", "--weight-memory", "300KB"));
        Assert.NotEmpty(Ilzo.Run("replay", "--run", temp["none"]).Success);
    }

    [Fact]
    public void A_step_takes_the_budget_two_layers_and_little_else()
    {
        var kept = Step();
        var streamed = Step("--weight-memory", "0");

        // 24 layers of 101 MB each, of which two are in memory at a time; the embeddings stay.
        const long Layer = 100_700_000;
        Assert.InRange(kept - streamed, 21 * Layer, 23 * Layer);

        static long Step(params string[] more)
        {
            string[] model = ["--shape", "opt-1.3b", "--holes", "--adapter", "lora"];
            string[] size = ["--steps", "1", "--seq", "2", "--batch", "1", "--json"];
            return Ilzo.Run(["bench", "step", .. model, .. size, .. more]).Json.GetProperty("peak_rss_bytes").GetInt64();
        }
    }

    [Theory]
    [InlineData("much", "--weight-memory is 'much'; a size such as 500MB or 8GB was expected.")]
    [InlineData("-1", "--weight-memory is '-1'; a size such as 500MB or 8GB was expected.")]
    [InlineData("8TB", "--weight-memory is '8TB'; a size such as 500MB or 8GB was expected.")]
    public void Other_words_are_refused(string size, string message)
    {
        using var temp = new TempFolder();
        Assert.Equal(message, Ilzo.Run(TinyRun.Command(1, "--run", temp["run"], "--weight-memory", size)).Refusal(2));
    }
}
