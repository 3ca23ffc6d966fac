using System.Text;
using IlZo.Datasets;
using IlZo.Fuzz.Mutation;
using IlZo.Generation;
using IlZo.Tasks;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Fuzz.Targets;

/// <summary>Rows, tasks and what is to be scored. What is accepted becomes tokens.</summary>
internal static class DataTargets
{
    private const string FileMark = "=== ";

    // A row that cannot be used costs far more than its bytes: many short inputs find more than a few long ones.
    private const int MaxRows = 1 << 11;

    private static readonly string[] s_rowWords =
    [
        "prompt", "completion", "text", "messages", "conversations", "role", "content", "from", "value", "human", "gpt", "user",
        "assistant", "system", "instruction",
        "input", "output", "question", "answer", "tools", "weight", "train", "tool_calls", "tool", "observation", "function_call",
        "chat_template_kwargs", "chosen", "label", "history", "ids",
    ];

    private static readonly string[] s_taskWords =
    [
        "name", "description", "prompt", "answer", "masked", "texts", "candidates", "label", "labels", "text", "answers", "each", "fields",
        "path", "replace", "objective", "classification",
        "language-model", "metric", "accuracy", "f1", "max_new_tokens", "content_free", "dev", "sample", "by", "cases", "{candidate}",
        "{a}", "{a.b|strip}", "{{", "}}", "|", "questions[].answers[]",
        "pieces", "max_length", "limit", "words", "<mask>", "{text|lower}", "list", "mark",
    ];

    public static IEnumerable<FuzzTarget> All =>
    [
        new(
            "rows-jsonl",
            "rows of one's own as JSON lines",
            () => SeedFiles.In("rows-jsonl"),
            new JsonMutator(s_rowWords),
            () => ReadRows("rows.jsonl")) { MaxLength = MaxRows },
        new(
            "rows-csv",
            "rows of one's own as CSV",
            () => SeedFiles.In("rows-csv"),
            new ByteMutator([",", "\"", "\"\"", "\n", "\r\n", "\r", ";", .. s_rowWords]),
            () => ReadRows("rows.csv")) { MaxLength = MaxRows },
        new(
            "rows-json",
            "rows of one's own as a JSON array",
            () => SeedFiles.In("rows-json"),
            new JsonMutator([.. s_rowWords, "[", "]", "},{"]),
            () => ReadRows("rows.json")) { MaxLength = MaxRows },
        new(
            "rows-tsv",
            "rows of one's own with tabs",
            () => SeedFiles.In("rows-tsv"),
            new ByteMutator(["\t", "\"", "\"\"", "\n", "\r\n", "\r", .. s_rowWords]),
            () => ReadRows("rows.tsv")) { MaxLength = MaxRows },
        new(
            "rows-gz",
            "compressed rows of one's own",
            () => SeedFiles.In("rows-gz"),
            new GzipMutator(new JsonMutator(s_rowWords)),
            () => ReadRows("rows.jsonl.gz")) { MaxLength = MaxRows },
        new(
            "rows-parquet",
            "rows of one's own as Parquet",
            () => SeedFiles.In("rows-parquet"),
            new ByteMutator("PAR1", "messages", "element"),
            () => ReadRows("rows.parquet")),
        new("rows-txt", "a text of one's own", () => SeedFiles.In("rows-txt"), new ByteMutator("\n", "\r\n"), () => ReadRows("rows.txt")),
        new(
            "data-folder",
            "a folder of one's own data: lines '=== NAME' stand before its files",
            () => SeedFiles.In("data-folder"),
            new ByteMutator("\n=== train.jsonl\n", "\n=== test.csv\n", "\n=== dev.txt\n", "\n=== valid.jsonl\n"),
            ReadFolder) { MaxLength = MaxRows },
        new("task", "a task definition, with rows", () => SeedFiles.In("task"), new JsonMutator(s_taskWords), ReadTask),
        new(
            "task-rows",
            "rows of the built-in tasks",
            () => SeedFiles.In("task-rows"),
            new JsonMutator("sentence", "label", "premise", "hypothesis", "choice1", "answers", "question", "paragraph", "passage", "idx"),
            ReadTaskRows) { MaxLength = MaxRows },
        new(
            "score-input",
            "the file of 'score --input'",
            () => SeedFiles.In("score-input"),
            new JsonMutator("ids", "text"),
            ReadScoreInput),
    ];

    private static Action<byte[]> ReadRows(string name)
    {
        var load = Loader();
        return input => load(Scratch.File(name, input));
    }

    private static Action<byte[]> ReadFolder()
    {
        var load = Loader();
        string folder = Scratch.Path("data");
        return input =>
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            Directory.CreateDirectory(folder);
            foreach (var (name, content) in Files(input))
            {
                File.WriteAllBytes(Path.Combine(folder, name), content);
            }

            load(folder);
        };
    }

    private static IEnumerable<(string Name, byte[] Content)> Files(byte[] input)
    {
        // Latin-1 keeps all bytes.
        foreach (string part in Encoding.Latin1.GetString(input).Split("\n" + FileMark))
        {
            int end = part.IndexOf('\n', StringComparison.Ordinal);
            string name = (end < 0 ? part : part[..end]).Replace(FileMark, string.Empty, StringComparison.Ordinal);
            if (name.Length is > 0 and < 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '.') && name.Any(char.IsAsciiLetter))
            {
                yield return (name, Encoding.Latin1.GetBytes(end < 0 ? string.Empty : part[(end + 1)..]));
            }
        }
    }

    // Tolerant and not, for training and for tests.
    private static Action<string> Loader()
    {
        var tokenizer = TokenizerTargets.Small();
        var template = ChatTemplate.Parse("chatml", Encoding.UTF8.GetString(SeedFiles.Read("chat-template", "chatml.jinja")));
        return path =>
        {
            UserData.LoadTest(new UserDataOptions(path, 64, 32, 1) { SkipBadRows = true }, tokenizer, () => template);
            UserData.Load(new UserDataOptions(path, 64, 32, 1) { DevSize = 1, TestSize = 1 }, tokenizer, () => template);
        };
    }

    private static Action<byte[]> ReadTask()
    {
        byte[] rows = SeedFiles.Read("task-rows", "all.jsonl");
        var tokenizer = TokenizerTargets.Small();
        return input => Use(TaskDefinitionReader.Read(input, "input"), rows, tokenizer);
    }

    private static Action<byte[]> ReadTaskRows()
    {
        var tokenizer = TokenizerTargets.Small();
        var tasks = TaskCatalog.All;
        return input =>
        {
            int accepted = 0;
            InvalidInputException? refusal = null;
            foreach (var task in tasks)
            {
                try
                {
                    Use(task, input, tokenizer);
                    accepted++;
                }
                catch (InvalidInputException e)
                {
                    refusal = e;
                }
            }

            if (accepted == 0)
            {
                throw refusal!;
            }
        };
    }

    private static void Use(TaskDefinition task, byte[] rows, ITokenizer tokenizer)
    {
        using var reader = new JsonlReader(new MemoryStream(rows, writable: false), "rows");
        var examples = ExampleList.Read(task, reader);
        for (int i = 0; i < Math.Min(examples.Count, 4); i++)
        {
            var example = examples[i];
            if (task.HasContentFree)
            {
                examples.ContentFree(i);
            }

            if (task.HasCausalPrompt)
            {
                new ExampleEncoder(tokenizer, 64).Encode(example);
            }

            if (task.MaskedMaxLength is { } length && tokenizer.MaskId is not null)
            {
                new MaskedExampleEncoder(tokenizer, Math.Min(length, 128)).Encode(example);
            }

            if (task.HasTexts)
            {
                new TextPairEncoder(tokenizer, readsFirst: true, 64).Encode(example);
            }
        }
    }

    private static Action<byte[]> ReadScoreInput()
    {
        var tokenizer = new Lazy<ITokenizer>(TokenizerTargets.Small);
        return input => ScoreInputs.Read(Scratch.File("score.jsonl", input), tokenizer);
    }
}
