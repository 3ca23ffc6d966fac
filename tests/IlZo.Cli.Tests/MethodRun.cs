namespace IlZo.Cli.Tests;

/// <summary>What holds for the runs of every method, by the command line.</summary>
internal static class MethodRun
{
    /// <summary>
    /// Requires twelve steps to have the same weights at once, with other threads and an interruption, and replayed; and others than before
    /// them.
    /// </summary>
    /// <param name="method">The method and its settings.</param>
    /// <returns>The run at once.</returns>
    public static Outcome RequireSame(params string[] method)
    {
        using var temp = new TempFolder();
        string[] more = [.. method, "--json"];
        var whole = Ilzo.Run(TinyRun.Command(12, ["--run", temp["whole"], "--threads", "1", .. more]));
        string sha = TinyRun.Sha(whole.Json);
        TinyRun.Sha(Ilzo.Run(TinyRun.Command(6, ["--run", temp["parts"], "--threads", "5", .. more])).Json);
        var resumed = Ilzo.Run("train", "--allow-worse", "--run", temp["parts"], "--resume", "--steps", "12", "--json");
        Assert.Equal(sha, TinyRun.Sha(resumed.Json));
        Assert.Equal(sha, TinyRun.Sha(Ilzo.Run("replay", "--run", temp["whole"], "--json").Json));
        Assert.NotEqual(sha, TinyRun.Sha(Ilzo.Run("replay", "--run", temp["whole"], "--to-step", "0", "--json").Json));
        return whole;
    }

    /// <summary>Requires a method to lower the built-in model's dev loss.</summary>
    public static void RequireLearning(string optimizer)
    {
        using var temp = new TempFolder();
        var json = Ilzo.Run(
            "train", "--optimizer", optimizer, "--steps", "10", "--batch-size", "8", "--train-size", "64", "--dev-size", "32",
            "--test-size", "8", "--lr", "2e-4", "--run", temp["run"], "--json").Json;
        Assert.True(json.GetProperty("dev_loss").GetDouble() < json.GetProperty("dev_loss_at_start").GetDouble());
        Assert.Equal(0, json.GetProperty("skipped_steps").GetInt32());
    }
}
