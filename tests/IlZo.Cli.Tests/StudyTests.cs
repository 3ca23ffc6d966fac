using System.Text.Json;

namespace IlZo.Cli.Tests;

public sealed class StudyTests
{
    [Fact]
    public void Tuned_methods_are_trained_with_other_seeds_and_their_tasks_are_joined()
    {
        using var temp = new TempFolder();
        var tuned = Compare(temp["tuning"], "sphere", "--rates", "3", "--seeds", "1").Json.GetProperty("methods")[1];
        var final = Final("sphere").GetProperty("methods")[1];
        foreach (string name in (string[])["best_learning_rate", "best_epsilon", "edge"])
        {
            Assert.Equal(tuned.GetProperty(name).GetDouble(), final.GetProperty(name).GetDouble());
        }

        var seeds = final.GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("seed").GetInt32());
        Assert.Equal([100, 101, 102], seeds);
        Final("rosenbrock");
        string[] tasks = [$"sphere={temp["sphere"]}", $"valley={temp["rosenbrock"]}"];
        var study = Ilzo.Run(["study", .. tasks, "--json"]).Json;
        var momentum = study.GetProperty("methods")[1];
        Assert.Equal("mezo-momentum", momentum.GetProperty("name").GetString());
        double ratio = momentum.GetProperty("ratio").GetProperty("ratio").GetDouble();
        double[] onTasks = [.. momentum.GetProperty("tasks").EnumerateArray().Select(
            t => t.GetProperty("ratio").GetProperty("ratio").GetDouble())];
        Assert.Equal(Math.Sqrt(onTasks[0] * onTasks[1]), ratio, 1e-9);
        Assert.Equal(JsonValueKind.Null, study.GetProperty("methods")[0].GetProperty("ratio").ValueKind);
        string tables = Ilzo.Run(["study", .. tasks]).Success;
        Assert.Contains("| method | passes to the target, mezo = 1 | p | p (Holm) | ", tables, StringComparison.Ordinal);
        Assert.Contains("**valley: time and memory**", tables, StringComparison.Ordinal);

        JsonElement Final(string function) => Compare(
            temp[function], function, "--best-of", temp["tuning"], "--first-seed", "100", "--seeds", "3", "--target", "8").Json;
    }

    [Fact]
    public void What_cannot_be_joined_is_refused()
    {
        using var temp = new TempFolder();
        Compare(temp["one"], "sphere", "--seeds", "1");
        Assert.StartsWith("'one' is no task", Ilzo.Run("study", "one").Refusal(2), StringComparison.Ordinal);
        Assert.Contains("found no compare.json", Ilzo.Run("study", $"a={temp["none"]}").Refusal(2), StringComparison.Ordinal);
        Assert.StartsWith("a: the comparison has no --target", Ilzo.Run("study", $"a={temp["one"]}").Refusal(2), StringComparison.Ordinal);
        Assert.Equal(
            $"The folder '{temp["one"]}' is given twice; each folder once was expected.",
            Ilzo.Run("study", $"a={temp["one"]}", $"b={temp["one"]}/").Refusal(2));
        Assert.Equal(
            "The task 'a' is given twice; each task once was expected.", Ilzo.Run("study", $"a={temp["one"]}", "a=other").Refusal(2));
        File.WriteAllText(temp["one", "compare.json"], "{}");
        Assert.Contains("got other content", Ilzo.Run("study", $"a={temp["one"]}").Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void A_method_that_was_not_tuned_is_refused()
    {
        using var temp = new TempFolder();
        Compare(temp["tuning"], "sphere", "--seeds", "1");
        string refusal = Ilzo.Run(
            "compare", "--function", "sphere", "--optimizers", "mezo,rloo", "--best-of", temp["tuning"], "--out", temp["out"]).Refusal(2);
        Assert.StartsWith("--best-of has no 'rloo'", refusal, StringComparison.Ordinal);
        refusal = Ilzo.Run(
            "compare", "--function", "sphere", "--lrs", "1e-3", "--best-of", temp["tuning"], "--out", temp["out"]).Refusal(2);
        Assert.StartsWith("--best-of is given with other learning rates", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_comparison_from_before_a_default_changed_means_what_was_the_default_then()
    {
        using var temp = new TempFolder();
        string[] older = ["--optimizers", "mezo,loren:source=false", "--seeds", "1"];
        string before = Compare(temp["tuning"], "sphere", older).Success;
        Edit("runs.jsonl", "\"opt\":\"source=false\"", "\"opt\":\"\"");
        var resumed = Compare(temp["tuning"], "sphere", [.. older, "--resume"]);
        Assert.Equal(before, resumed.Success);
        Assert.Equal(2 * 3, resumed.Errors.Split("done before").Length - 1);

        Edit("compare.json", "loren:source=false", "loren");
        Edit("compare.json", "\"opt\": \"source=false\",", "");
        Edit("compare.json", "\"opt\": \"\",", "");
        string[] tuned = ["--best-of", temp["tuning"], "--seeds", "1"];
        Compare(temp["same"], "sphere", [.. tuned, "--optimizers", "mezo,loren:source=false"]).Json.ToString();
        string refusal = Compare(temp["other"], "sphere", [.. tuned, "--optimizers", "mezo,loren"]).Refusal(2);
        Assert.Contains("--best-of has no 'loren'", refusal, StringComparison.Ordinal);
        Assert.Contains("mezo, loren:source=false.", refusal, StringComparison.Ordinal);

        void Edit(string name, string from, string to)
        {
            string text = File.ReadAllText(temp["tuning", name]);
            Assert.Contains(from, text, StringComparison.Ordinal);
            File.WriteAllText(temp["tuning", name], text.Replace(from, to, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Rates_that_were_found_for_something_else_are_said_to_be()
    {
        using var temp = new TempFolder();
        Compare(temp["tuning"], "sphere", "--seeds", "1");
        string[] tuned = ["--best-of", temp["tuning"], "--seeds", "1"];
        Assert.DoesNotContain("note:", Compare(temp["same"], "sphere", tuned).Errors, StringComparison.Ordinal);
        Assert.Contains(
            $"note: the rates of '{temp["tuning"]}' were found with function sphere, and here it is rosenbrock.",
            Compare(temp["other"], "rosenbrock", tuned).Errors,
            StringComparison.Ordinal);
    }

    private static Outcome Compare(string folder, string function, params string[] flags) => Ilzo.Run([
        "compare", "--function", function, "--dimension", "50", "--forward-passes", "200", "--out", folder, "--json",
        .. flags.Contains("--optimizers") ? Array.Empty<string>() : ["--optimizers", "mezo,mezo-momentum"], .. flags,
    ]);
}
