namespace IlZo.Cli.Tests.Documentation;

/// <summary>What <c>path/to/…</c> and the like are on the pages: small models, rows and runs in the folder of the commands.</summary>
internal static class Placeholders
{
    // The README puts 32 of them into a prompt.
    private const int Rows = 40;

    /// <summary>Makes a placeholder, by its path.</summary>
    public static IReadOnlyDictionary<string, Action<TempFolder, string>> All { get; } = new Dictionary<string, Action<TempFolder, string>>
    {
        ["path/to/model"] = Llama,
        ["path/to/llama"] = Llama,
        ["path/to/opt-1.3b"] = Llama,
        ["path/to/qwen2.5"] = (folder, path) =>
        {
            Llama(folder, path);
            File.Copy(DocumentedCommand.InRepository("docs/first-chat/faq.jinja"), folder[path, "chat_template.jinja"]);
        },
        ["path/to/roberta"] = (folder, path) => TinyRoberta.Write(folder, path),
        ["path/to/roberta-large"] = (folder, path) => TinyRoberta.Write(folder, path),
        ["path/to/gpt2"] = (folder, path) => Move(Gpt2Tests.Model(folder), folder, path),
        ["path/to/all-MiniLM-L6-v2"] = (folder, path) => Move(TinyBert.Write(folder, "bert-tiny"), folder, path),
        ["path/to/rte"] = (folder, path) => WriteRows(
            folder, path, i => $$"""{"premise": "A cat {{i}}.", "hypothesis": "It is {{i}}.", "label": {{i % 2}}}"""),
        ["path/to/mnli"] = (folder, path) => WriteRows(
            folder, path, i => $$"""{"premise": "A cat {{i}}.", "hypothesis": "It is {{i}}.", "label": {{i % 3}}}"""),
        ["path/to/sst2"] = (folder, path) => WriteRows(folder, path, i => $$"""{"sentence": "film {{i}}", "label": {{i % 2}}}"""),
        ["path/to/squad"] = (folder, path) => WriteRows(
            folder, path, i => $$$"""{"title": "T", "context": "It is {{{i}}}.", "question": "What?", "answers": {"text": ["{{{i}}}"]}}"""),
        ["path/to/my-data"] = Grades,
        ["DIR"] = Grades,
        ["my-task.json"] = (folder, path) => File.Copy(DocumentedCommand.InRepository("docs/tasks/sst3.json"), folder[path]),
        ["faq.jsonl"] = (folder, path) => folder.Write(path, Lines(i => $$"""{"prompt": "How {{i}}?\n", "completion": "So."}""")),
        ["prompts.jsonl"] = (folder, path) => folder.Write(path, Lines(i => $$"""{"prompt": "Film {{i}}"}""")),
        ["prompts.txt"] = (folder, path) => folder.Write(path, Lines(i => $"Film {i}")),
        ["text.txt"] = (folder, path) => folder.Write(path, Lines(i => $"Film {i}")),
        ["runs/chat"] = Conversations,
        ["runs/support"] = Conversations,
        ["runs/rte-2"] = KeptRun,
        ["runs/a"] = KeptRun,
        ["runs/b"] = KeptRun,
        ["runs/c"] = KeptRun,
        ["docs/first-chat"] = OfRepository,
        ["docs/study"] = OfRepository,
        ["docs/tasks"] = OfRepository,
        ["tests/data/models/stories260K"] = OfRepository,
    };

    /// <summary>Whether a command names a placeholder, or something in it.</summary>
    public static bool IsIn(DocumentedCommand command, string placeholder) => command.Words.Append(command.Shell.InputFile).Any(
        word => word == placeholder || word?.StartsWith($"{placeholder}/", StringComparison.Ordinal) == true
            || word?.Contains($"={placeholder}/", StringComparison.Ordinal) == true);

    /// <summary>Makes the placeholders of some commands.</summary>
    public static void Make(TempFolder folder, IReadOnlyList<DocumentedCommand> commands)
    {
        foreach (var (path, make) in All.Where(entry => commands.Any(command => IsIn(command, entry.Key))))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[path])!);
            make(folder, path);
        }
    }

    private static void Llama(TempFolder folder, string path) => folder.Copy(TestData.Stories, path);

    private static void OfRepository(TempFolder folder, string path) => folder.Copy(DocumentedCommand.InRepository(path), path);

    private static void KeptRun(TempFolder folder, string path) => folder.Copy(TestData.PathOf("kept-runs", "format2-full"), path);

    private static void Grades(TempFolder folder, string path) =>
        WriteRows(folder, path, i => $$"""{"text": "film {{i}}", "label": {{i % 5}}}""");

    // A run on conversations, whose chat template its result has.
    private static void Conversations(TempFolder folder, string path)
    {
        string rows = folder.Write("conversations.jsonl", Lines(
            i => $$"""{"messages": [{"role": "user", "content": "How {{i}}?"}, {"role": "assistant", "content": "So."}]}"""));
        Assert.NotEmpty(Ilzo.RunIn(
            folder.Path, "train", "--model", TestData.Stories, "--data", rows, "--chat-template",
            DocumentedCommand.InRepository("docs/first-chat/faq.jinja"), "--steps", "1", "--batch-size", "1", "--dev-size", "0",
            "--test-size", "1", "--allow-worse", "--no-report", "--run", path).Success);
    }

    private static void Move(string model, TempFolder folder, string path) => Directory.Move(model, folder[path]);

    private static void WriteRows(TempFolder folder, string path, Func<int, string> row)
    {
        Directory.CreateDirectory(folder[path]);
        folder.Write(Path.Combine(path, "train.jsonl"), Lines(row));
        folder.Write(Path.Combine(path, "validation.jsonl"), Lines(row));
    }

    private static string Lines(Func<int, string> line) => string.Concat(Enumerable.Range(0, Rows).Select(i => $"{line(i)}\n"));
}
