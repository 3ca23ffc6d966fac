using System.Text;

namespace IlZo.Cli.Tests;

/// <summary><c>ilzo tokenize</c>: ids, pieces and counts of a text, and the text of ids.</summary>
public sealed class TokenizeTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_text_is_shown_as_ids_and_pieces_of_the_vocabulary()
    {
        string model = Roberta();
        var outcome = Ilzo.Run("tokenize", "--model", model, "--text", "Hello é\n");
        Assert.Equal("0\t<s>\n31414\tHello\n7935\tĠÃ©\n50118\tĊ\n2\t</s>\n", outcome.Success);
        Assert.Equal("5 tokens, 8 characters, 9 bytes.\n", outcome.Errors);
        var json = Ilzo.Run("tokenize", "--model", model, "--text", "Hello é\n", "--json").Json;
        Assert.Equal([0, 31414, 7935, 50118, 2], json.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32()));
        Assert.Equal(["<s>", "Hello", "ĠÃ©", "Ċ", "</s>"], json.GetProperty("pieces").EnumerateArray().Select(i => i.GetString()));
        Assert.Equal(
            (5, 8, 9),
            (json.GetProperty("tokens").GetInt32(), json.GetProperty("characters").GetInt32(), json.GetProperty("bytes").GetInt32()));
    }

    [Theory]
    [InlineData("0 102 50264 741 2", "a <mask> b")]
    [InlineData("102 50264 741", "a <mask> b", "--no-add-special-tokens")]
    [InlineData("0 102 28696 43776 15698 741 2", "a <mask> b", "--split-special-tokens")]
    [InlineData("0 2", "")]
    public void Switches_decide_about_special_tokens(string expected, string text, params string[] flags)
    {
        var ids = Ilzo.Run(["tokenize", "--model", Roberta(), "--text", text, "--json", .. flags]).Json.GetProperty("ids");
        Assert.Equal(expected, string.Join(' ', ids.EnumerateArray().Select(i => i.GetInt32())));
    }

    [Fact]
    public void Ids_become_text_again()
    {
        string model = Roberta();
        Assert.Equal("<s>Hello é\n</s>", Ilzo.Run("tokenize", "--model", model, "--ids", "0,31414,7935,50118,2").Success);
        Assert.Equal(
            "Hello é\n", Ilzo.Run("tokenize", "--model", model, "--ids", "[0, 31414, 7935, 50118, 2]", "--skip-special-tokens").Success);
        var json = Ilzo.Run("tokenize", "--model", model, "--ids", "31414", "--json").Json;
        Assert.Equal(("Hello", 1), (json.GetProperty("text").GetString(), json.GetProperty("tokens").GetInt32()));
    }

    [Fact]
    public void A_file_and_standard_input_are_taken_byte_for_byte()
    {
        const string text = "\uFEFFone\r\n two\u2028\n";
        string file = _temp.Write("text.txt", text);
        File.WriteAllBytes(file, Encoding.UTF8.GetBytes(text));
        string expected = Ilzo.Run("tokenize", "--text", text, "--json").Success;
        Assert.Equal(expected, Ilzo.Run("tokenize", "--file", file, "--json").Success);
        var command = Ilzo.Command(null, "tokenize", "--json");
        command.RedirectStandardInput = true;
        command.StandardInputEncoding = new UTF8Encoding(false);
        using var process = System.Diagnostics.Process.Start(command)!;
        process.StandardInput.Write(text);
        process.StandardInput.Close();
        Assert.Equal(expected, process.StandardOutput.ReadToEnd());
        process.WaitForExit();
    }

    [Fact]
    public void No_weights_need_be_there()
    {
        string folder = _temp.Copy(TestData.PathOf("models", "opt-reviews-6m"), "tokenizer");
        File.Delete(Path.Combine(folder, "model.safetensors"));
        File.Delete(Path.Combine(folder, "config.json"));
        Assert.Equal(
            Ilzo.Run("tokenize", "--text", "It was a great film").Success,
            Ilzo.Run("tokenize", "--model", folder, "--text", "It was a great film").Success);
    }

    [Theory]
    [InlineData("More than one of --text, --file and --ids", "--text", "a", "--ids", "1")]
    [InlineData("--ids has 'x'; whole numbers", "--ids", "1,x")]
    [InlineData("The token id 99999 is not between 0 and", "--ids", "99999")]
    [InlineData("--skip-special-tokens is given without --ids", "--text", "a", "--skip-special-tokens")]
    [InlineData("--split-special-tokens is given with --ids", "--ids", "1", "--split-special-tokens")]
    [InlineData("nothing.txt: cannot be read", "--file", "nothing.txt")]
    [InlineData("there is no tokenizer", "--model", "nowhere", "--text", "a")]
    public void What_cannot_be_tokenized_is_refused(string expected, params string[] args) =>
        Assert.Contains(expected, Ilzo.Run(["tokenize", .. args]).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        string file = _temp["bytes.bin"];
        File.WriteAllBytes(file, [0xFF, 0xFE, 0x41]);
        Assert.Contains("is not UTF-8 text", Ilzo.Run("tokenize", "--file", file).Refusal(2), StringComparison.Ordinal);
    }

    private static string Roberta() => TestData.PathOf("tokenizers", "roberta-base");
}
