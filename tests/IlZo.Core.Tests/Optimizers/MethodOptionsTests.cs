using IlZo.Adapters;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

public sealed class MethodOptionsTests
{
    [Fact]
    public void Options_are_read_in_any_order()
    {
        var options = MethodOptions.Parse("beta=0.5, n=3,on=true,kind=b");
        Assert.Equal(0.5, options.Number("beta", 0.9, 0, 1));
        Assert.Equal(3, options.Integer("n", 1, 1));
        Assert.True(options.Flag("on"));
        Assert.Equal("b", options.Choice("kind", ["a", "b"]));
        Assert.Equal(7, options.Number("other", 7));
        options.RequireAllKnown("method");
        Assert.Equal("beta=0.5,kind=b,n=3,on=true", options.ToString());
    }

    [Theory]
    [InlineData("n", "Opt is 'n'; name=value was expected")]
    [InlineData("n=1,n=2", "gives 'n' twice")]
    [InlineData("n=0", "Opt n is '0'; a whole number of at least 1 and at most 5 was expected")]
    [InlineData("n=x", "a whole number")]
    [InlineData("x=NaN", "Opt x is 'NaN'; a number of at least 0 was expected")]
    [InlineData("kind=c", "one of a, b was expected")]
    [InlineData("m=1", "method has no option 'm'; one of n, x, kind was expected")]
    public void What_cannot_be_used_is_refused_with_what_was_expected(string text, string message)
    {
        var error = Assert.Throws<InvalidInputException>(() =>
        {
            var options = MethodOptions.Parse(text);
            options.Integer("n", 1, 1, 5);
            options.Number("x", 1, 0);
            options.Choice("kind", ["a", "b"]);
            options.RequireAllKnown("method");
        });
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shared_options_that_a_method_cannot_follow_are_refused_before_a_model_is_read()
    {
        var error = Assert.Throws<InvalidInputException>(() => new TrainingOptions { Sides = 3 }.Validate());
        Assert.Contains("Sides is 3; 2 or 1 was expected for mezo", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidInputException>(() => new TrainingOptions { Opt = "a=1" }.Validate());
        Assert.Contains("mezo has no option 'a'", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidInputException>(() => new TrainingOptions { Directions = (DirectionKind)7 }.Validate());
        Assert.Contains("Directions is 7; gaussian, rademacher or sphere was expected", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidInputException>(() => new TrainingOptions { Schedule = (ScheduleShape)3 }.Validate());
        Assert.Contains("Schedule is 3; constant, linear or cosine was expected", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidInputException>(() => new TrainingOptions { DType = (DType)9 }.Validate());
        Assert.Contains("DType is 9; auto, fp32, bf16 or fp16 was expected", error.Message, StringComparison.Ordinal);
        var adapter = new TrainingOptions { Adapter = "prefix", PrefixPositions = (PrefixPositions)2 };
        error = Assert.Throws<InvalidInputException>(adapter.Validate);
        Assert.Contains("PrefixPositions is 2; kept or shifted was expected", error.Message, StringComparison.Ordinal);
    }
}
