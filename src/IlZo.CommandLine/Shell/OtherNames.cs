namespace IlZo.Cli.Shell;

/// <summary>What neighboring tools (transformers, MeZO's code, llama.cpp, mlx-lm, vLLM) call commands and options.</summary>
internal static class OtherNames
{
    private const string AboutSteps = " A step takes one batch, so an epoch of N examples is N / --batch-size steps.";

    private static readonly Dictionary<string, string[]> s_commands = new()
    {
        ["train"] = ["finetune", "fine-tune", "fit", "tune", "sft", "lora"],
        ["eval"] = ["evaluate", "test", "validate"],
        ["generate"] = ["run", "infer", "inference", "predict", "complete", "sample"],
        ["chat"] = ["repl", "talk", "interactive"],
        ["serve"] = ["server", "api", "host", "web"],
        ["export"] = ["convert", "merge", "save", "fuse"],
        ["inspect"] = ["info", "show", "describe", "params"],
        ["ls"] = ["list", "models"],
        ["bench"] = ["benchmark"],
        ["tokenize"] = ["encode", "tokens"],
        ["completion"] = ["completions", "autocomplete"],
    };

    // The own name, what to say of it, and the others.
    private static readonly (string Own, string? About, string[] Others)[] s_options =
    [
        ("--lr", null, ["learning-rate", "rate", "step-size"]),
        ("--steps", AboutSteps, ["epochs", "num-epochs", "num-train-epochs", "epoch"]),
        ("--steps", null, ["max-steps", "iters", "iterations", "num-steps", "max-iters"]),
        ("--eps", null, ["epsilon", "zo-eps", "perturbation", "mu"]),
        ("--batch-size", null, ["per-device-train-batch-size", "train-batch-size", "bs", "batch", "micro-batch-size"]),
        ("--optimizer", null, ["method", "optim", "trainer", "algorithm"]),
        ("--model", null, ["model-name", "model-name-or-path", "model-path", "checkpoint", "base-model"]),
        ("--run", null, ["output-dir", "output", "save-dir", "out", "run-dir"]),
        ("--out", null, ["output-dir", "output", "save-dir", "save-path"]),
        ("--data", null, ["dataset", "train-file", "data-path", "data-dir", "train-data"]),
        ("--task", null, ["task-name", "dataset-name"]),
        ("--max-length", null, ["max-seq-length", "max-seq-len", "cutoff-len", "model-max-length", "block-size"]),
        ("--max-new-tokens", null, ["max-tokens", "num-predict", "n-predict", "max-gen-len", "max-output-tokens"]),
        ("--temperature", null, ["temp"]),
        ("--repetition-penalty", null, ["repeat-penalty", "frequency-penalty"]),
        ("--stop", null, ["stop-sequence", "stop-sequences", "stop-strings", "stop-words", "reverse-prompt"]),
        ("--max-concurrent", null, ["max-num-seqs", "parallel", "np", "max-batch-size"]),
        ("--max-context", null, ["max-model-len", "ctx-size", "context-length", "num-ctx"]),
        ("--name", null, ["served-model-name", "alias"]),
        ("--system", null, ["system-prompt", "system-message"]),
        ("--prompts", null, ["prompt-file", "prompts-file", "input-file", "input"]),
        ("--rank", null, ["lora-rank", "lora-r"]),
        ("--alpha", null, ["lora-alpha"]),
        ("--targets", null, ["target-modules", "lora-target-modules"]),
        ("--adapter", null, ["peft", "adapter-path", "lora", "lora-path"]),
        ("--schedule", null, ["lr-scheduler-type", "lr-scheduler", "scheduler"]),
        ("--warmup", null, ["warmup-steps", "num-warmup-steps"]),
        ("--weight-decay", null, ["wd", "l2"]),
        ("--clip", null, ["max-grad-norm", "grad-clip", "gradient-clipping"]),
        ("--eval-every", null, ["eval-steps", "eval-interval", "val-every"]),
        ("--train-size", null, ["num-train", "max-train-samples"]),
        ("--dev-size", null, ["num-dev", "val-size", "max-eval-samples"]),
        ("--test-size", null, ["num-eval", "num-test"]),
        ("--queries", null, ["num-samples", "num-directions", "q"]),
        ("--resume", null, ["resume-from-checkpoint", "continue"]),
        ("--device", null, ["gpu", "gpus", "cuda", "n-gpu-layers"]),
        ("--threads", null, ["num-threads", "n-threads", "num-workers", "jobs"]),
        ("--dtype", null, ["torch-dtype", "bf16", "fp16", "load-float16", "load-bfloat16"]),
        ("--shots", null, ["num-shots", "k", "num-k"]),
        ("--demonstrations", null, ["icl", "num-fewshot", "few-shot"]),
    ];

    /// <summary>A sentence that names the own option for another tool's, with a space in front; null where there is none.</summary>
    /// <param name="option">What was written.</param>
    /// <param name="own">The options that the command has.</param>
    public static string? OfOption(string option, IReadOnlyCollection<string> own)
    {
        string name = option.TrimStart('-').Replace('_', '-').ToLowerInvariant();
        foreach (var (to, about, others) in s_options)
        {
            if (own.Contains(to) && others.Contains(name))
            {
                return $" It is called {to} here.{about}";
            }
        }

        return null;
    }

    /// <summary>A sentence that names the own command for another tool's, with a space in front; null where there is none.</summary>
    /// <param name="command">What was written.</param>
    /// <param name="own">The commands that there are.</param>
    public static string? OfCommand(string command, IReadOnlyCollection<string> own)
    {
        string name = command.Replace('_', '-').ToLowerInvariant();
        return s_commands.FirstOrDefault(c => own.Contains(c.Key) && c.Value.Contains(name)).Key is { } to
            ? $" It is called {to} here."
            : null;
    }
}
