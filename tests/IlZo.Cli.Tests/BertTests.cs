using System.Text.Json.Nodes;

namespace IlZo.Cli.Tests;

/// <summary>BERT and DistilBERT from the command line: masked prompts, heads with and without an adapter, pairs of texts.</summary>
public sealed class BertTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("bert-tiny")]
    [InlineData("distilbert-tiny")]
    public void Masked_prompts_are_trained_evaluated_and_scored(string fixture)
    {
        string model = TinyBert.Write(_temp, fixture);
        var result = TinyRun.Train(_temp["run"], 10, "--model", model, "--eval-every", "5", "--lr", "1e-3");
        Assert.Equal(result.GetProperty("test_loss").GetDouble(), Loss("--model", _temp["run", "checkpoint"]));
        Assert.Equal(TinyRun.Sha(result), TinyRun.Sha(Ilzo.Run("replay", "--run", _temp["run"], "--json").Json));
        var score = Ilzo.Run("score", "--model", _temp["run", "checkpoint"], "--text", "A cat was [MASK].").Json;
        Assert.Equal([2, 14, 15, 6, 4, 9, 3], score.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32()));
        Assert.Equal([4], score.GetProperty("masks").EnumerateArray().Select(m => m.GetProperty("position").GetInt32()));
        Assert.Contains(
            $"has no mask (the token {TinyBert.Mask})", Ilzo.Run("score", "--model", model, "--text", "A cat").Refusal(2),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bert-tiny", "token", null)]
    [InlineData("bert-tiny", "mean", "lora")]
    [InlineData("distilbert-tiny", "mean", "prefix")]
    public void A_head_is_trained_with_and_without_an_adapter_resumed_replayed_and_evaluated(
        string fixture, string pooling, string? adapter)
    {
        Ilzo.Run(
            "add-head", "--model", TinyBert.Write(_temp, fixture), "--task", "sst2", "--pooling", pooling, "--seed", "5",
            "--out", _temp["head"]);
        string[] with = adapter is null ? [] : ["--adapter", adapter];
        string[] more = ["--model", _temp["head"], "--eval-every", "5", "--lr", "1e-3", .. with];
        var whole = TinyRun.Train(_temp["run"], 10, more);
        TinyRun.Train(_temp["parts"], 5, more);
        var resumed = Ilzo.Run("train", "--run", _temp["parts"], "--resume", "--steps", "10", "--json").Json;
        Assert.Equal(TinyRun.Sha(whole), TinyRun.Sha(resumed));
        Assert.Equal(TinyRun.Sha(whole), TinyRun.Sha(Ilzo.Run("replay", "--run", _temp["run"], "--json").Json));
        double loss = whole.GetProperty("test_loss").GetDouble();
        Assert.Equal(loss, adapter is null
            ? Loss("--model", _temp["run", "checkpoint"])
            : Loss("--model", _temp["head"], "--adapter", _temp["run", "adapter"]));
        if (adapter == "lora")
        {
            // fp32 weights: the order of two sums is all that differs.
            Assert.Equal(0, Ilzo.Run("export", "--run", _temp["run"], "--merge", "--out", _temp["merged"]).ExitCode);
            Assert.InRange(Loss("--model", _temp["merged"]) - loss, -1e-6, 1e-6);
        }
    }

    [Fact]
    public void The_head_learns_with_LoRA_and_stays_where_it_is_frozen()
    {
        Ilzo.Run("add-head", "--model", TinyBert.Write(_temp, "bert-tiny"), "--task", "sst2", "--pooling", "mean", "--out", _temp["head"]);
        long trained = Trained();
        Assert.Equal(2 * 24 + 2, trained - Trained("--freeze", "role:head"));
        Assert.Equal(2 * 24 + 2, Trained("--train-only", "role:head"));

        long Trained(params string[] flags) => Ilzo.Run(["inspect", _temp["head"], "--adapter", "lora", "--json", .. flags])
            .Json.GetProperty("trained_parameters").GetInt64();
    }

    [Fact]
    public void DiZO_projects_queries_and_values_beside_a_trained_head()
    {
        Ilzo.Run("add-head", "--model", TinyBert.Write(_temp, "bert-tiny"), "--task", "sst2", "--out", _temp["head"]);
        foreach (string[] adapter in (string[][])[[], ["--adapter", "lora"]])
        {
            string run = _temp[$"run{adapter.Length}"];
            var result = TinyRun.Train(
                run, 4, ["--model", _temp["head"], "--optimizer", "dizo", "--opt", "interval=2,inner=2,tensors=role:head+role:value",
                "--eps", "1e-2", .. adapter]);
            Assert.Equal(TinyRun.Sha(result), TinyRun.Sha(Ilzo.Run("replay", "--run", run, "--json").Json));
        }
    }

    [Fact]
    public void A_second_text_has_the_second_type_and_another_result_without_it()
    {
        string model = TinyBert.Write(_temp, "bert-tiny");
        Ilzo.Run("add-head", "--model", model, "--task", "rte", "--seed", "5", "--out", _temp["head"]);
        Directory.CreateDirectory(_temp["data"]);
        foreach (string file in new[] { "train.jsonl", "validation.jsonl" })
        {
            File.WriteAllLines(
                _temp["data", file],
                Enumerable.Range(0, 12).Select(
                    i => $$"""{"premise": "A cat was great.", "hypothesis": "It was {{i}}.", "label": {{i % 2}}}"""));
        }

        double typed = Loss("--model", _temp["head"], "--task", "rte", "--data", _temp["data"]);
        Ilzo.Run(
            "train", "--model", _temp["head"], "--task", "rte", "--data", _temp["data"], "--steps", "2", "--train-size", "4",
            "--dev-size", "4", "--batch-size", "2", "--run", _temp["run"], "--allow-worse", "--json").Json.GetProperty("test_loss");
        string path = _temp["head", "tokenizer_config.json"];
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config["tokenizer_class"] = "RobertaTokenizer";
        File.WriteAllText(path, config.ToJsonString());
        Assert.Contains(
            "'RobertaTokenizer' cuts words is not known for vocab.txt",
            Ilzo.Run("eval", "--model", _temp["head"], "--task", "rte", "--data", _temp["data"]).Refusal(2), StringComparison.Ordinal);
        Assert.InRange(typed, 0.1, 5);
    }

    [Fact]
    public void An_encoder_without_a_head_is_inspected_and_given_one_and_refused_elsewhere()
    {
        string model = TinyBert.Write(_temp, "bert-tiny");
        string path = Path.Combine(model, "config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("BertForMaskedLM", "BertModel", StringComparison.Ordinal));

        // The language model's head has no place in an encoder.
        Assert.Contains("cls.predictions", Ilzo.Run("inspect", model).Refusal(2), StringComparison.Ordinal);
        Assert.Contains(
            "--pooling is 'max'; token or mean was expected",
            Ilzo.Run("add-head", "--model", model, "--task", "sst2", "--pooling", "max", "--out", _temp["no"]).Refusal(2),
            StringComparison.Ordinal);
        Assert.Contains(
            "an encoder was expected for a head that reads the mean",
            Ilzo.Run("add-head", "--model", TestData.Stories, "--task", "sst2", "--pooling", "mean", "--out", _temp["no"]).Refusal(2),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Methods_are_compared_on_a_head()
    {
        Ilzo.Run(
            "add-head", "--model", TinyBert.Write(_temp, "distilbert-tiny"), "--task", "sst2", "--pooling", "mean",
            "--out", _temp["head"]);
        var result = Ilzo.Run(
            "compare", "--model", _temp["head"], "--task", "sst2", "--optimizers", "mezo,loren", "--lrs", "1e-3", "--seeds", "1",
            "--forward-passes", "12", "--batch-size", "2", "--train-size", "8", "--dev-size", "4", "--out", _temp["out"], "--json").Json;
        Assert.Equal(2, result.GetProperty("methods").GetArrayLength());
    }

    private static double Loss(params string[] flags)
    {
        string[] usual = flags.Contains("--task") ? [] : ["--task", "sst2", "--test-size", "8", "--seed", "3"];
        return Ilzo.Run(["eval", .. usual, .. flags, "--json"]).Json.GetProperty("loss").GetDouble();
    }
}
