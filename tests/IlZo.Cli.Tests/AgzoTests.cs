namespace IlZo.Cli.Tests;

/// <summary>Training along the inputs of layers by the command line.</summary>
public sealed class AgzoTests
{
    [Fact]
    public void A_run_is_the_same_with_any_threads_after_an_interruption_and_replayed()
    {
        var whole = MethodRun.RequireSame("--optimizer", "agzo", "--queries", "2", "--opt", "rank=2,interval=4");

        // One at the weights, and one for each query.
        Assert.Equal(12 * 3, whole.Json.GetProperty("forward_passes").GetInt32());
    }

    [Fact]
    public void The_built_in_model_learns() => MethodRun.RequireLearning("agzo");

    [Theory]
    [InlineData("train", "--objective accuracy", "--objective is accuracy, which has no derivatives; loss was expected for agzo.")]
    [InlineData("train", "--sides 2", "--sides is 2; 1 was expected for agzo.")]
    [InlineData("train", "--opt rank=65", "--opt rank is '65'; a whole number of at least 1 and at most 64 was expected.")]
    [InlineData("train", "--opt interval=0", "--opt interval is '0'; a whole number of at least 1 was expected.")]
    public void What_has_no_meaning_is_refused(string command, string arguments, string message) =>
        Assert.Equal(message, Ilzo.Run([command, "--optimizer", "agzo", .. arguments.Split(' ')]).Refusal(2));

    [Theory]
    [InlineData("compare")]
    [InlineData("probe")]
    public void A_function_has_no_layers(string command) => Assert.Equal(
        "agzo takes inputs of layers, and --function is sphere, which has none; another method was expected.",
        Ilzo.Run(command, "--function", "sphere", "--optimizers", "mezo,agzo").Refusal(2));
}
