namespace IlZo.Cli.Tests;

/// <summary>Training with exact derivatives by the command line.</summary>
public sealed class ForwardGradientTests
{
    [Fact]
    public void A_run_is_the_same_with_any_threads_after_an_interruption_and_replayed()
    {
        var whole = MethodRun.RequireSame("--optimizer", "forward-gradient", "--queries", "2");
        Assert.Contains("forward-gradient: 12 steps of 2 examples, lr 0.0001, eps 0", whole.Errors, StringComparison.Ordinal);

        // A pass of values and tangents counts as two.
        Assert.Equal(12 * 2 * 2, whole.Json.GetProperty("forward_passes").GetInt32());
    }

    [Fact]
    public void The_built_in_model_learns() => MethodRun.RequireLearning("forward-gradient");

    [Fact]
    public void It_is_compared_and_probed_beside_methods_that_have_a_radius()
    {
        string table = Ilzo.Run(
            "probe", "--function", "cubic", "--dimension", "20", "--optimizers", "mezo,forward-gradient", "--draws", "50", "--eps", "0.6")
            .Success;
        Assert.Contains("\n| mezo | 0.6 | 2 | ", table, StringComparison.Ordinal);
        Assert.Matches(@"\n\| forward-gradient \| 0 \| 2 \| \S+ ± \S+ \| 0 ± 0 \|", table);
        var json = Ilzo.Run(
            "compare", "--function", "sphere", "--dimension", "30", "--optimizers", "mezo,forward-gradient", "--seeds", "1",
            "--lrs", "1e-3", "--epsilons", "1e-3,1e-2", "--forward-passes", "200", "--json").Json;
        Assert.Equal(2, json.GetProperty("methods").GetArrayLength());
    }

    [Theory]
    [InlineData("--eps 1e-3", "--eps is 0.001; 0, or no --eps with forward-gradient, was expected.")]
    [InlineData("--objective accuracy", "--objective is accuracy, which has no derivatives; loss was expected for forward-gradient.")]
    [InlineData("--sides 2", "--sides is 2; 1 was expected for forward-gradient.")]
    public void What_has_no_meaning_is_refused(string arguments, string message) =>
        Assert.Equal(message, Ilzo.Run(["train", "--optimizer", "forward-gradient", .. arguments.Split(' ')]).Refusal(2));

    [Fact]
    public void Other_methods_have_a_radius() =>
        Assert.Equal("--eps is 0; a positive number was expected.", Ilzo.Run("train", "--eps", "0").Refusal(2));
}
